-- Assumes that every change of the ledger stands in its history (R19), and that both marts
-- were built at one moment.  If it fails, balances as of past days are wrong by the difference.

with

history as (

    select
        practitioner_id,
        currency,
        coalesce(sum(net_cents) filter (where to_status = status), 0)
        - coalesce(sum(from_net_cents) filter (where from_status = status), 0) as cents,
        status
    from {{ ref('earnings_transitions') }}
    cross join (
        values ('projected'), ('pending'), ('available'), ('paid'), ('reversed')
    ) as statuses (status)
    group by practitioner_id, currency, status

),

balances as (

    select
        balances.practitioner_id,
        balances.currency,
        measures.cents,
        measures.status
    from {{ ref('practitioner_balances') }} as balances
    cross join lateral (
        values
        (balances.projected_cents, 'projected'),
        (balances.pending_cents, 'pending'),
        (balances.available_cents, 'available'),
        (balances.paid_cents, 'paid'),
        (balances.reversed_cents, 'reversed')
    ) as measures (cents, status)

)

select
    coalesce(history.practitioner_id, balances.practitioner_id) as practitioner_id,
    coalesce(history.currency, balances.currency) as currency,
    coalesce(history.status, balances.status) as status,
    history.cents as history_cents,
    balances.cents as balance_cents
from history
full outer join balances
    on
        history.practitioner_id = balances.practitioner_id
        and history.currency = balances.currency
        and history.status = balances.status
where coalesce(history.cents, 0) <> coalesce(balances.cents, 0)
