-- One row per practitioner whose cached balance is off the ledger, the furthest first, with
-- the number of all.

select
    practitioner_id,
    practitioner_name,
    currency,
    pending_cents,
    cached_pending_cents,
    pending_drift_cents,
    available_cents,
    cached_available_cents,
    available_drift_cents,
    lifetime_drift_cents,
    count(*) over () as all_count
from finance.practitioner_balances
where pending_drift_cents <> 0 or available_drift_cents <> 0 or lifetime_drift_cents <> 0
order by
    greatest(abs(pending_drift_cents), abs(available_drift_cents), abs(lifetime_drift_cents)) desc,
    practitioner_id asc
limit %(shown)s
