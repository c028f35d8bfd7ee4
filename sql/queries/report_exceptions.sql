-- One row per open matter, those with the most at stake first, with the number of all.
-- Names practitioners only.

select
    matters.kind,
    matters.subject,
    matters.subject_id,
    matters.practitioner_id,
    practitioners.practitioner_name,
    matters.currency,
    matters.at_stake_cents,
    matters.proposed_action,
    matters.first_seen_at,
    count(*) over () as all_count
from reconciliation.open_exceptions as matters
left join lateral (
    select balances.practitioner_name
    from finance.practitioner_balances as balances
    where balances.practitioner_id = matters.practitioner_id
    limit 1
) as practitioners on true
where matters.at_stake_cents <> 0
order by
    count(*) over (partition by matters.currency) desc,
    matters.currency,
    abs(matters.at_stake_cents) desc,
    matters.exception_id
limit %(limit)s
