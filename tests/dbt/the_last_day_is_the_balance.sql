-- Assumes that the days were carried on without a gap, and that both marts were built at one
-- moment.  If it fails, a day of finance.practitioner_balances_daily was carried on wrongly:
-- build it anew with --full-refresh.

with

days as (

    select distinct on (practitioner_id, currency)
        practitioner_id,
        currency,
        day_on,
        projected_cents,
        pending_cents,
        available_cents,
        paid_cents,
        reversed_cents
    from {{ ref('practitioner_balances_daily') }}
    order by practitioner_id asc, currency asc, day_on desc

),

balances as (

    select
        practitioner_id,
        currency,
        projected_cents,
        pending_cents,
        available_cents,
        paid_cents,
        reversed_cents
    from {{ ref('practitioner_balances') }}

)

select
    coalesce(days.practitioner_id, balances.practitioner_id) as practitioner_id,
    coalesce(days.currency, balances.currency) as currency,
    days.day_on,
    days.pending_cents as day_pending_cents,
    balances.pending_cents,
    days.available_cents as day_available_cents,
    balances.available_cents
from days
full outer join balances
    on days.practitioner_id = balances.practitioner_id and days.currency = balances.currency
where
    coalesce(days.projected_cents, 0) <> coalesce(balances.projected_cents, 0)
    or coalesce(days.pending_cents, 0) <> coalesce(balances.pending_cents, 0)
    or coalesce(days.available_cents, 0) <> coalesce(balances.available_cents, 0)
    or coalesce(days.paid_cents, 0) <> coalesce(balances.paid_cents, 0)
    or coalesce(days.reversed_cents, 0) <> coalesce(balances.reversed_cents, 0)
