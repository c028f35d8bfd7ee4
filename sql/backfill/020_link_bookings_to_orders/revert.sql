-- Writes back what was there before, where the row still holds what this step wrote.

update bookings_booking as bookings
set order_id = (jsonb_populate_record(bookings, reverting.before)).order_id
from reverting
where reverting.table_name = 'bookings_booking'
    and reverting.operation = 'update'
    and reverting.row_id = bookings.id;

delete from payments_order as inserted
using reverting
where reverting.table_name = 'payments_order'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.id;

delete from order_links as decided
using reverting
where reverting.table_name in ('bookings_booking', 'exceptions')
    and reverting.row_id = decided.booking_id;
