-- The net of every earnings row is its gross less its commission.
--
-- Rule      R5
-- Reads     earnings
-- If not    Somebody changed an amount past the triggers. Correct by an adjustment.

select
    'earnings' as subject,
    id as subject_id,
    format('%s - %s is not %s cents', gross_amount_cents, commission_amount_cents, net_amount_cents) as detail
from public.payments_earningstransaction
where net_amount_cents <> gross_amount_cents - commission_amount_cents
