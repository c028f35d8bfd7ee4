-- One row per kind of open matter and currency, with the number of its kind.

select
    kind,
    coalesce(meaning, kind) as meaning,
    min(proposed_action) as proposed_action,
    currency,
    count(*) as matter_count,
    sum(at_stake_cents)::bigint as at_stake_cents,
    min(first_seen_at) as first_seen_at,
    sum(count(*)) over (partition by kind)::bigint as kind_count
from reconciliation.open_exceptions
group by kind, meaning, currency
order by kind_count desc, kind asc, currency asc nulls last
