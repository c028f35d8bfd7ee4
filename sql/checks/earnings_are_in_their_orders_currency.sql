-- What a booking earns is in the currency of its order, but for bonuses, and for rows that were
-- paid before the engine was installed.
--
-- Rule      R5
-- Reads     earnings
-- If not    The practitioner is paid in another currency than the client. Reverse the row with
--           earnings.correct_status and pay by an adjustment.

select
    'earnings' as subject,
    earned.id as subject_id,
    format('in %s, and order %s is in %s', earned.currency, orders.id, orders.currency) as detail
from public.payments_earningstransaction as earned
inner join public.bookings_booking as bookings on earned.booking_id = bookings.id
inner join public.payments_order as orders on bookings.order_id = orders.id
where
    earned.currency <> orders.currency
    and earned.status <> 'reversed'
    and earned.transaction_type <> 'bonus'
    and not exists (
        select
        from earnings.transitions as found
        where
            found.earnings_id = earned.id
            and found.event = 'opening'
            and found.to_status not in ('projected', 'pending', 'available')
    )
