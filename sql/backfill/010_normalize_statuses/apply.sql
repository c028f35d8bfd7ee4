-- Writes what plan.sql planned.

update bookings_booking as bookings
set (
    status, canceled_at
) = (
    select
        written.status,
        written.canceled_at
    from jsonb_populate_record(bookings, planned.after) as written
)
from planned
where planned.table_name = 'bookings_booking'
    and planned.operation = 'update'
    and planned.row_id = bookings.id;

update payments_earningstransaction as entries
set (
    status, payout_id
) = (
    select
        written.status,
        written.payout_id
    from jsonb_populate_record(entries, planned.after) as written
)
from planned
where planned.table_name = 'payments_earningstransaction'
    and planned.operation = 'update'
    and planned.row_id = entries.id;
