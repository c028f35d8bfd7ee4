-- Direct bookings that may be completed, one by one.
select bookings.id
from public.bookings_booking as bookings
inner join public.payments_earningstransaction as entries on bookings.id = entries.booking_id
where
    bookings.status = 'confirmed'
    and entries.status = 'projected'
order by bookings.id
limit %(count)s
