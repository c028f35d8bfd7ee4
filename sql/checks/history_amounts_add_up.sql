-- The net of every entry of the history is its gross less its commission, but for what the
-- history found when it opened.
--
-- Rule      R19
-- Reads     earnings, by earnings_id
-- If not    An amount of the past was changed by a superuser. Restore the entry from a backup.

select
    'transition' as subject,
    id as subject_id,
    earnings_id,
    format(
        'earnings %s: %s - %s is not %s cents', earnings_id, gross_amount_cents, commission_amount_cents,
        net_amount_cents
    ) as detail
from earnings.transitions
where
    net_amount_cents <> gross_amount_cents - commission_amount_cents
    and event <> 'opening'
