-- Every booking is on an order of its own client.
--
-- Rule      R15
-- Reads     bookings
-- If not    One client's payment pays for another's appointment. Set the booking's order_id to
--           the order that paid for it.

select
    'booking' as subject,
    bookings.id as subject_id,
    format('of client %s, and order %s is of client %s', bookings.user_id, orders.id, orders.user_id) as detail
from public.bookings_booking as bookings
inner join public.payments_order as orders on bookings.order_id = orders.id
where bookings.user_id <> orders.user_id
