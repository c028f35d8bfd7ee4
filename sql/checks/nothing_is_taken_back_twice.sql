-- No booking has cost its practitioner more than it earned: refunds and clawbacks together take
-- back no more than there was.
--
-- Rule      R9
-- Reads     bookings
-- If not    The practitioner pays for what was never paid. Reverse the clawback or the adjustment
--           with earnings.correct_status.

with

-- few rows take something back, so only their bookings are summed
taken_from as (

    select booking_id
    from public.payments_earningstransaction
    where
        status <> 'reversed'
        and (transaction_type = 'clawback' or metadata ? 'refunded_cents')

)

select
    'booking' as subject,
    booking_id as subject_id,
    format(
        '%s cents %s are left for practitioner %s after %s', sum(net_amount_cents), currency, practitioner_id,
        string_agg(transaction_type || ' ' || id, ', ' order by id) filter (where net_amount_cents < 0)
    ) as detail
from public.payments_earningstransaction
where
    status <> 'reversed'
    and booking_id in (select taken_from.booking_id from taken_from)
group by booking_id, practitioner_id, currency
having
    sum(net_amount_cents) < 0
    and bool_or(transaction_type = 'clawback' or metadata ? 'refunded_cents')
