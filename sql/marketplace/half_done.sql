-- What an earlier, abandoned try at the plan left behind: its columns, links for every other page
-- of a hundred bookings (it paged over a set that shrank under it), and the planted leavings.

alter table payments_order add column package_metadata jsonb;

alter table bookings_booking
add column order_id bigint
constraint bookings_booking_order_id_fkey
references payments_order (id) deferrable initially deferred;

create index bookings_booking_order_id_idx on bookings_booking (order_id);

update bookings_booking
set order_id = payments_usercredittransaction.order_id
from payments_usercredittransaction
where payments_usercredittransaction.booking_id = bookings_booking.id
    and payments_usercredittransaction.transaction_type = 'usage'
    and bookings_booking.id / 100 % 2 = 0;

update bookings_booking
set order_id = half_done.order_id
from sample_marketplace.half_done
where half_done.booking_id = bookings_booking.id;

update payments_order
set order_type = half_done.order_type, package_metadata = half_done.package_metadata
from sample_marketplace.half_done
where half_done.order_id = payments_order.id
    and half_done.booking_id is null;
