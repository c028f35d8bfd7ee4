-- Every earnings row that was there when the migration began is still there, or the history
-- says that it was deleted.

select
    'earnings' as subject,
    old_ids.id as subject_id,
    'it was there when the migration began, and is gone' as detail
from earnings_migration.legacy_rows
cross join unnest(legacy_rows.ids) as stretches (stretch)
cross join generate_series(lower(stretches.stretch), upper(stretches.stretch) - 1) as old_ids (id)
where legacy_rows.table_name = 'payments_earningstransaction'
    and not exists (
        select from public.payments_earningstransaction as present where present.id = old_ids.id
    )
    and not exists (
        select
        from earnings.transitions as deletions
        where deletions.earnings_id = old_ids.id and deletions.event = 'deleted'
    )
