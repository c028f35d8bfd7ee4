-- Assumes that finance.earnings and finance.practitioner_balances were built at one moment.
-- If it fails, a status or currency has slipped through the balances: what the dashboards
-- show as owed to practitioners is wrong by the difference.

with

ledger as (

    select
        practitioner_id,
        currency,
        sum(net_cents) filter (where status <> 'reversed') as live_cents,
        sum(net_cents) filter (where status = 'reversed') as reversed_cents
    from {{ ref('earnings') }}
    group by practitioner_id, currency

),

balances as (

    select
        practitioner_id,
        currency,
        projected_cents + lifetime_cents as live_cents,
        reversed_cents
    from {{ ref('practitioner_balances') }}

)

select
    coalesce(ledger.practitioner_id, balances.practitioner_id) as practitioner_id,
    coalesce(ledger.currency, balances.currency) as currency,
    ledger.live_cents as ledger_live_cents,
    balances.live_cents as balances_live_cents,
    ledger.reversed_cents as ledger_reversed_cents,
    balances.reversed_cents as balances_reversed_cents
from ledger
full outer join balances
    on ledger.practitioner_id = balances.practitioner_id and ledger.currency = balances.currency
where
    coalesce(ledger.live_cents, 0) <> coalesce(balances.live_cents, 0)
    or coalesce(ledger.reversed_cents, 0) <> coalesce(balances.reversed_cents, 0)
