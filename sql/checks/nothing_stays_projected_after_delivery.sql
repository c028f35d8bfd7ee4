-- No delivery row of a delivered booking is still projected, but where another booking of its
-- order, or the one it was rescheduled from, earns instead.
--
-- Rule      R2
-- Reads     earnings
-- If not    The practitioner waits for money that is due. Saving the booking again moves the row
--           to pending, unless the session found no slot.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format('booking %s was delivered at %s', bookings.id, bookings.completed_at) as detail
from public.payments_earningstransaction as earnings
inner join public.bookings_booking as bookings on earnings.booking_id = bookings.id
left join public.payments_order as orders on bookings.order_id = orders.id
left join earnings.session_slots as slots on bookings.id = slots.booking_id
left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
where
    earnings.status = 'projected'
    and earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and bookings.status = 'completed'
    and purchases.booking_id is null
    and (slots.booking_id is not null or coalesce(orders.order_type, '') not in ('package', 'bundle'))
    -- asked of these only: it waits for the join
    and case
        when earnings.id is not null
            then
                not exists (select from earnings.earned_elsewhere(array[bookings.id]))
                and not earnings.was_paid_before(bookings.id)
    end
