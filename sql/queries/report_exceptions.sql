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
    select min(balances.practitioner_name) as practitioner_name
    from finance.practitioner_balances as balances
    where balances.practitioner_id = matters.practitioner_id
) as practitioners on true
where matters.at_stake_cents <> 0
order by
    count(*) over (partition by matters.currency) desc,
    matters.currency asc,
    abs(matters.at_stake_cents) desc,
    matters.exception_id asc
limit %(shown)s
