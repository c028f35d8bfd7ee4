-- No canceled booking has earnings that can still be paid out, but for what a clawback takes back
-- and the debits of what was paid.
--
-- Rule      R9
-- Reads     earnings
-- If not    A practitioner would be paid for a canceled appointment. Saving the booking again
--           reverses the row.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format('%s, and booking %s was canceled at %s', earnings.status, bookings.id, bookings.canceled_at) as detail
from public.payments_earningstransaction as earnings
inner join public.bookings_booking as bookings on earnings.booking_id = bookings.id
where
    earnings.status in ('projected', 'pending', 'available')
    and (
        earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
        or (
            earnings.transaction_type = 'adjustment'
            and earnings.metadata ? 'refunded_cents'
            and not exists (
                select
                from public.payments_earningstransaction as originals
                where
                    originals.booking_id = bookings.id
                    and (originals.status = 'paid' or earnings.is_clawed_back(originals))
                    and earnings.metadata @> jsonb_build_object('original_ids', jsonb_build_array(originals.id))
            )
        )
    )
    and bookings.status in ('canceled', 'cancelled')
    -- asked of these only: it waits for the join
    and case when bookings.id is not null then not earnings.is_clawed_back(earnings) end
