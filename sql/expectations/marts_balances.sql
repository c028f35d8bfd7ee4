-- One row per practitioner and currency: whether the balances are the sum of the ledger.
with

ledger as (

    select
        practitioner_id,
        currency,
        sum(net_cents) as cents
    from finance.earnings
    group by practitioner_id, currency

)

select
    coalesce(balances.practitioner_id, ledger.practitioner_id) as practitioner_id,
    coalesce(balances.currency, ledger.currency) as currency,
    coalesce(ledger.cents, 0)
    = coalesce(balances.projected_cents + balances.lifetime_cents + balances.reversed_cents, 0) as is_the_ledger,
    balances.lifetime_cents
    = balances.pending_cents + balances.available_cents + balances.paid_cents as lifetime_adds_up
from finance.practitioner_balances as balances
full outer join ledger
    on balances.practitioner_id = ledger.practitioner_id and balances.currency = ledger.currency
