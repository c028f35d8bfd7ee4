delete from earnings_migration.row_changes
where id = (
        select min(id)
        from earnings_migration.row_changes
        where table_name = 'payments_earningstransaction'
    )
