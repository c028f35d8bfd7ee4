-- Writes back what was there before, where the row still holds what this step wrote.

update payments_earningstransaction as entries
set (
    status, payout_id
) = (
    select
        written.status,
        written.payout_id
    from jsonb_populate_record(entries, reverting.before) as written
)
from reverting
where reverting.table_name = 'payments_earningstransaction'
    and reverting.operation = 'update'
    and reverting.row_id = entries.id;

update bookings_booking as bookings
set (
    status, canceled_at
) = (
    select
        written.status,
        written.canceled_at
    from jsonb_populate_record(bookings, reverting.before) as written
)
from reverting
where reverting.table_name = 'bookings_booking'
    and reverting.operation = 'update'
    and reverting.row_id = bookings.id;
