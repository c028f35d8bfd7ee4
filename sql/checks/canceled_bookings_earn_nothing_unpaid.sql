-- No canceled booking has earnings that can still be paid out, but for what was paid before and is
-- taken back in full, whether a person has forgiven that or its payout has failed since, and for
-- the opposite of a debit that was paid.
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
    and bookings.status in ('canceled', 'cancelled')
    and (
        earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
        or (earnings.transaction_type = 'adjustment' and earnings.metadata ? 'refunded_cents')
    )
    -- asked of the rows of canceled bookings, not of all that is unpaid
    and case when bookings.status in ('canceled', 'cancelled') then not earnings.has_opposite(earnings) end
    and not exists (
        select
        from public.payments_earningstransaction as originals
        cross join
            lateral (
                select sum(takings.net_amount_cents) as net_cents
                from public.payments_earningstransaction as takings
                where
                    takings.booking_id = originals.booking_id
                    and takings.transaction_type in ('clawback', 'adjustment')
                    and takings.metadata @> jsonb_build_object('original_ids', jsonb_build_array(originals.id))
            ) as taken
        where
            originals.booking_id = bookings.id
            and case
                when earnings.transaction_type = 'adjustment'
                    then earnings.metadata @> jsonb_build_object('original_ids', jsonb_build_array(originals.id))
                else originals.id = earnings.id
            end
            and (
                originals.status = 'paid'
                or earnings.is_clawed_back(originals)
                or (
                    originals.net_amount_cents + taken.net_cents <= 0
                    and exists (
                        select
                        from earnings.transitions as history
                        where history.earnings_id = originals.id and history.to_status = 'paid'
                    )
                )
            )
    )
