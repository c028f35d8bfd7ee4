-- Writes what plan.sql planned.

insert into purchase_bookings (
    booking_id, order_id, kind
)
select
    written.booking_id,
    written.order_id,
    written.kind
from planned
cross join lateral jsonb_populate_record(null::purchase_bookings, planned.after) as written
where planned.table_name = 'purchase_bookings' and planned.operation = 'insert'
order by planned.row_id;

update payments_order as orders
set (
    order_type, package_metadata
) = (
    select
        written.order_type,
        written.package_metadata
    from jsonb_populate_record(orders, planned.after) as written
)
from planned
where planned.table_name = 'payments_order'
    and planned.operation = 'update'
    and planned.row_id = orders.id;

update bookings_booking as bookings
set order_id = (jsonb_populate_record(bookings, planned.after)).order_id
from planned
where planned.table_name = 'bookings_booking'
    and planned.operation = 'update'
    and planned.row_id = bookings.id;
