-- Everything that the migration did to earnings, and every order that it made, is kept with what
-- was there before, so that migrate down can take it back.

select
    'earnings' as subject,
    entries.earnings_id as subject_id,
    format('changed by %s, and what was there before is not kept', entries.reason) as detail
from earnings.transitions as entries
where entries.reason in (select steps.step from earnings_migration.steps)
    and not exists (
        select
        from earnings_migration.row_changes as changes
        where changes.row_id = entries.earnings_id
            and changes.table_name = 'payments_earningstransaction'
            and changes.step = entries.reason
            and changes.transaction_id = entries.transaction_id
            and (changes.before is not null or changes.operation = 'insert')
    )

union all

select
    'order' as subject,
    orders.id as subject_id,
    'made by the migration, and not kept as such' as detail
from public.payments_order as orders
inner join earnings_migration.order_links on orders.id = order_links.order_id
where order_links.strategy = 'synthetic'
    and not exists (
        select
        from earnings_migration.row_changes as changes
        where changes.row_id = orders.id
            and changes.table_name = 'payments_order'
            and changes.operation = 'insert'
    )
