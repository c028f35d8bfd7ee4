update earnings_migration.row_changes
set after = after || '{"net_amount_cents": 1}'
where id = (
        select min(id)
        from earnings_migration.row_changes
        where table_name = 'payments_earningstransaction'
    )
