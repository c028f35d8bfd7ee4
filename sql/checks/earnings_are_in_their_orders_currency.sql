-- What a booking earns is in the currency of its order; a bonus is in any.
--
-- Rule      R5
-- If not    The practitioner is paid in another currency than the client. Reverse the row with
--           earnings.correct_status and pay by an adjustment.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format('in %s, and order %s is in %s', earnings.currency, orders.id, orders.currency) as detail
from public.payments_earningstransaction as earnings
inner join public.bookings_booking as bookings on earnings.booking_id = bookings.id
inner join public.payments_order as orders on bookings.order_id = orders.id
where
    earnings.currency <> orders.currency
    and earnings.status <> 'reversed'
    and earnings.transaction_type <> 'bonus'
