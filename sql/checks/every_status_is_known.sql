-- Every earnings row has a status that the rules know.
--
-- Rule      R1
-- Reads     earnings
-- If not    The row counts in no balance. migrate up stores it as one of the five.

select
    'earnings' as subject,
    id as subject_id,
    'status ' || status as detail
from public.payments_earningstransaction
where status not in (select to_status from earnings.status_rules)
