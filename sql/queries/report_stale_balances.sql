-- One row: how many practitioners' balances have changed since the marts were built, by
-- practitioner, currency and status, from the history (R19).

with

history as (

    select
        practitioner_id,
        upper(currency) as currency,
        to_status as status,
        net_amount_cents::bigint as net_cents
    from earnings.transitions
    where to_status is not null

    union all

    select
        practitioner_id,
        upper(currency) as currency,
        from_status as status,
        -from_net_amount_cents::bigint as net_cents
    from earnings.transitions
    where from_status is not null

),

history_balances as (

    select
        practitioner_id,
        currency,
        coalesce(sum(net_cents) filter (where status = 'projected'), 0) as projected_cents,
        coalesce(sum(net_cents) filter (where status = 'pending'), 0) as pending_cents,
        coalesce(sum(net_cents) filter (where status = 'available'), 0) as available_cents,
        coalesce(sum(net_cents) filter (where status = 'paid'), 0) as paid_cents,
        coalesce(sum(net_cents) filter (where status = 'reversed'), 0) as reversed_cents
    from history
    group by practitioner_id, currency

),

compared as (

    select coalesce(history_balances.practitioner_id, marts.practitioner_id) as practitioner_id
    from history_balances
    full outer join finance.practitioner_balances as marts
        on
            history_balances.practitioner_id = marts.practitioner_id
            and history_balances.currency = marts.currency
    where
        coalesce(history_balances.projected_cents, 0) <> coalesce(marts.projected_cents, 0)
        or coalesce(history_balances.pending_cents, 0) <> coalesce(marts.pending_cents, 0)
        or coalesce(history_balances.available_cents, 0) <> coalesce(marts.available_cents, 0)
        or coalesce(history_balances.paid_cents, 0) <> coalesce(marts.paid_cents, 0)
        or coalesce(history_balances.reversed_cents, 0) <> coalesce(marts.reversed_cents, 0)

)

select count(distinct practitioner_id) as practitioner_count
from compared
