-- Writes back what was there before, where the row still holds what this step wrote.

update payments_earningstransaction as entries
set (
    status, booking_id, available_after
) = (
    select
        written.status,
        written.booking_id,
        written.available_after
    from jsonb_populate_record(entries, reverting.before) as written
)
from reverting
where reverting.table_name = 'payments_earningstransaction'
    and reverting.operation = 'update'
    and reverting.row_id = entries.id;
