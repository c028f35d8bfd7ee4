-- What a step would do for the reason in earnings_migration.reason, row by row.

copy (
    select
        table_name,
        operation,
        row_id,
        practitioner_id,
        currency,
        amount_cents,
        before,
        after
    from planned
    where reason = current_setting('earnings_migration.reason')
    order by table_name, operation, row_id
) to stdout with (format csv, header);
