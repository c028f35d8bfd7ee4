-- Writes back what was there before, where the row still holds what this step wrote.

update bookings_booking as bookings
set order_id = (jsonb_populate_record(bookings, reverting.before)).order_id
from reverting
where reverting.table_name = 'bookings_booking'
    and reverting.operation = 'update'
    and reverting.row_id = bookings.id;

update payments_order as orders
set (
    order_type, package_metadata
) = (
    select
        written.order_type,
        written.package_metadata
    from jsonb_populate_record(orders, reverting.before) as written
)
from reverting
where reverting.table_name = 'payments_order'
    and reverting.operation = 'update'
    and reverting.row_id = orders.id;

delete from purchase_bookings as inserted
using reverting
where reverting.table_name = 'purchase_bookings'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.booking_id;
