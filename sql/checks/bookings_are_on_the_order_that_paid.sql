-- A booking whose credit row says which order it was paid with is on that order.
--
-- Rule      R15
-- Reads     bookings
-- If not    A link was cut or bent past the triggers. Set the booking's order_id to the order of
--           its credit row.

select
    'booking' as subject,
    bookings.id as subject_id,
    format(
        'on order %s, and paid with order %s by credit row %s', coalesce(bookings.order_id::text, 'none'),
        credits.order_id, credits.id
    ) as detail
from public.payments_usercredittransaction as credits
inner join public.bookings_booking as bookings on credits.booking_id = bookings.id
where
    credits.transaction_type = 'usage'
    and credits.order_id is not null
    and bookings.order_id is distinct from credits.order_id
