-- Assumes that no earnings row names a payout that does not exist.  If it fails, money was
-- paid that no payout shows.

with

payouts as (

    select
        coalesce(sum(earnings_cents), 0) as earnings_cents,
        coalesce(sum(earnings_count), 0) as earnings_count
    from {{ ref('payouts') }}

),

ledger as (

    select
        coalesce(sum(net_cents), 0) as earnings_cents,
        count(*) as earnings_count
    from {{ ref('earnings') }}
    where payout_id is not null

)

select
    payouts.earnings_count as payout_earnings_count,
    ledger.earnings_count as ledger_earnings_count
from payouts
cross join ledger
where (payouts.earnings_cents, payouts.earnings_count) <> (ledger.earnings_cents, ledger.earnings_count)
