-- Every status change in the history is one that a rule allows; the migration may normalize
-- a status that no rule knows, and what happened without the engine is recorded as it was.
--
-- Rule      R2
-- Reads     earnings, by earnings_id
-- If not    The change was forced past the triggers. Correct the row with
--           earnings.correct_status, saying why.

select
    'transition' as subject,
    transitions.id as subject_id,
    transitions.earnings_id,
    format(
        'earnings %s: %s -> %s',
        transitions.earnings_id, coalesce(transitions.from_status, 'new'), transitions.to_status
    ) as detail
from earnings.transitions
left join earnings.status_rules as rules
    on coalesce(transitions.from_status, 'new') = rules.from_status and transitions.to_status = rules.to_status
where
    transitions.event not in ('opening', 'deleted')
    and transitions.reason is distinct from 'changed while the engine was not installed'
    and transitions.from_status is distinct from transitions.to_status
    and rules.from_status is null
    and (
        transitions.from_status is null
        or transitions.from_status in (select known.to_status from earnings.status_rules as known)
    )
