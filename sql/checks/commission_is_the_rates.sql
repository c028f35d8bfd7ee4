-- The commission of every delivery row is its rate of its gross, cut to whole cents.
--
-- Rule      R5
-- If not    The platform keeps too much or too little. Correct by an adjustment.

select
    'earnings' as subject,
    id as subject_id,
    format('commission %s of %s at %s percent', commission_amount_cents, gross_amount_cents, commission_rate) as detail
from public.payments_earningstransaction
where
    status <> 'reversed'
    and transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and commission_amount_cents <> trunc(commission_rate * gross_amount_cents / 100)
