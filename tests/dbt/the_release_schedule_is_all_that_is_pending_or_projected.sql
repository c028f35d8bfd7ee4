-- Assumes that every pending and projected row has a day on which its hold ends.
-- If it fails, money is missing from the forecast of payouts, or stands in it twice.

with

scheduled as (

    select
        currency,
        sum(pending_cents) as pending_cents,
        sum(projected_cents) as projected_cents
    from {{ ref('release_schedule') }}
    group by currency

),

balances as (

    select
        currency,
        sum(pending_cents) as pending_cents,
        sum(projected_cents) as projected_cents
    from {{ ref('practitioner_balances') }}
    group by currency

)

select
    coalesce(scheduled.currency, balances.currency) as currency,
    scheduled.pending_cents as scheduled_pending_cents,
    balances.pending_cents as balances_pending_cents,
    scheduled.projected_cents as scheduled_projected_cents,
    balances.projected_cents as balances_projected_cents
from scheduled
full outer join balances on scheduled.currency = balances.currency
where
    coalesce(scheduled.pending_cents, 0) <> coalesce(balances.pending_cents, 0)
    or coalesce(scheduled.projected_cents, 0) <> coalesce(balances.projected_cents, 0)
