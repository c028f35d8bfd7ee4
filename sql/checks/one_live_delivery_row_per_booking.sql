-- No booking has two live delivery rows.
--
-- Rule      R6
-- Reads     everything
-- If not    Somebody would be paid twice. Reverse all but the furthest advanced row with
--           earnings.correct_status.

select
    'booking' as subject,
    booking_id as subject_id,
    format('live delivery rows: %s', string_agg(id || ' ' || status, ', ' order by id)) as detail
from public.payments_earningstransaction
where
    status <> 'reversed'
    and transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
group by booking_id
having count(*) > 1
