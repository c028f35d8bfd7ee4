-- Assumes that no earnings row names a payout that does not exist.  If it fails, money was
-- paid that no payout shows.

with

payouts as (

    select
        payout_id,
        currency,
        earnings_cents,
        earnings_count
    from {{ ref('payouts') }}

),

ledger as (

    select
        earnings.payout_id,
        count(*) as earnings_count,
        coalesce(sum(earnings.net_cents) filter (where earnings.currency = payouts.currency), 0) as earnings_cents
    from {{ ref('earnings') }} as earnings
    left join payouts on earnings.payout_id = payouts.payout_id
    where earnings.payout_id is not null
    group by earnings.payout_id

)

select
    coalesce(payouts.payout_id, ledger.payout_id) as payout_id,
    payouts.earnings_count as payout_earnings_count,
    ledger.earnings_count as ledger_earnings_count,
    payouts.earnings_cents as payout_earnings_cents,
    ledger.earnings_cents as ledger_earnings_cents
from payouts
full outer join ledger on payouts.payout_id = ledger.payout_id
where
    payouts.payout_id is null
    or payouts.earnings_count <> coalesce(ledger.earnings_count, 0)
    or payouts.earnings_cents <> coalesce(ledger.earnings_cents, 0)
