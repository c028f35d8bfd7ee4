-- One row per currency, the most used first: what the ledger holds, and how far the app's
-- cached balances are off.

select
    currency,
    count(*) as practitioner_count,
    sum(projected_cents)::bigint as projected_cents,
    sum(pending_cents)::bigint as pending_cents,
    sum(available_cents)::bigint as available_cents,
    sum(paid_cents)::bigint as paid_cents,
    sum(reversed_cents)::bigint as reversed_cents,
    count(cached_available_cents) as cached_count,
    count(*) filter (
        where pending_drift_cents <> 0 or available_drift_cents <> 0 or lifetime_drift_cents <> 0
    ) as drifting_count
from finance.practitioner_balances
group by currency
order by practitioner_count desc, currency asc
