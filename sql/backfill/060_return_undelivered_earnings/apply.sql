-- Writes what plan.sql planned.

update payments_earningstransaction as entries
set (
    status, available_after
) = (
    select
        written.status,
        written.available_after
    from jsonb_populate_record(entries, planned.after) as written
)
from planned
where planned.table_name = 'payments_earningstransaction'
    and planned.operation = 'update'
    and planned.row_id = entries.id;
