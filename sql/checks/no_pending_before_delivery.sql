-- No pending or available delivery row belongs to a booking that was not delivered, but for what
-- a clawback takes back. No-shows may keep what they had, unless the policy is to reverse it.
--
-- Rule      R2
-- Reads     earnings
-- If not    Money becomes payable before the service took place. Correct the row to projected with
--           earnings.correct_status.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format('%s, and booking %s is %s', earnings.status, bookings.id, bookings.status) as detail
from public.payments_earningstransaction as earnings
inner join public.bookings_booking as bookings on earnings.booking_id = bookings.id
where
    earnings.status in ('pending', 'available')
    and earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and bookings.status not in ('completed', 'canceled', 'cancelled')
    and not (
        bookings.status = 'no_show'
        and (select settings.value from earnings.settings where settings.name = 'no_show_policy') <> 'reverse'
    )
    -- asked of these only: it waits for the join
    and case when bookings.id is not null then not earnings.is_clawed_back(earnings) end
