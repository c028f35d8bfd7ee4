-- No booking has two live delivery rows.
--
-- Rule      R6
-- Reads     bookings
-- If not    Somebody would be paid twice. Reverse all but the furthest advanced row with
--           earnings.correct_status.

with

live as (

    select
        booking_id,
        min(id) as first_id,
        max(id) as last_id,
        count(*) as row_count
    from public.payments_earningstransaction
    where
        status <> 'reversed'
        and transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    group by booking_id
    having count(*) > 1

)

select
    'booking' as subject,
    booking_id as subject_id,
    format('%s live delivery rows, from %s to %s', row_count, first_id, last_id) as detail
from live
