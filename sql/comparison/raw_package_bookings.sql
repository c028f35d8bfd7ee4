-- The bookings of these orders.

select
    id,
    order_id
from public.bookings_booking
where order_id = any(%(order_ids)s::bigint[]);
