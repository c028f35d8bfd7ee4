-- Every session with a parent booking hangs on the parent's order, so that the parent is no longer
-- needed; where a person has to choose the parent's order, both wait.

select
    'booking' as subject,
    bookings.id as subject_id,
    format('its order is %s, that of its parent %s', bookings.order_id, parents.order_id) as detail
from public.bookings_booking as bookings
inner join public.bookings_booking as parents
    on (to_jsonb(bookings) ->> 'parent_booking_id')::bigint = parents.id
where bookings.order_id is distinct from parents.order_id
