-- One row per cached balance of the app that is not what its rows add up to: the pending,
-- available, lifetime and paid cents of practitioners (R17), and the credits of clients
-- (R16).  A balance that has no cache counts as one of 0.

with

earnings as (

    select
        practitioner_id,
        currency,
        status,
        net_cents
    from {{ ref('stg_marketplace__earnings') }}

),

credit_transactions as (

    select
        client_id,
        currency,
        amount_cents
    from {{ ref('stg_marketplace__credit_transactions') }}

),

cached_earnings as (

    select
        practitioner_id,
        pending_cents,
        available_cents,
        lifetime_cents,
        paid_cents
    from {{ ref('stg_marketplace__cached_balances') }}

),

cached_credits as (

    select
        client_id,
        balance_cents
    from {{ ref('stg_marketplace__credit_balances') }}

),

settings as (

    select currency
    from {{ ref('stg_earnings__settings') }}

),

true_balances as (

    select
        'practitioner' as holder,
        earnings.practitioner_id as holder_id,
        measures.measure,
        sum(measures.cents)::bigint as true_cents
    from earnings
    inner join settings on earnings.currency = settings.currency
    cross join
        lateral (
            values
            ('pending', case when earnings.status = 'pending' then earnings.net_cents else 0 end),
            ('available', case when earnings.status = 'available' then earnings.net_cents else 0 end),
            ('paid', case when earnings.status = 'paid' then earnings.net_cents else 0 end),
            (
                'lifetime',
                case when earnings.status in ('pending', 'available', 'paid') then earnings.net_cents else 0 end
            )
        ) as measures (measure, cents)
    group by earnings.practitioner_id, measures.measure

    union all

    select
        'client' as holder,
        credit_transactions.client_id as holder_id,
        'credits' as measure,
        sum(credit_transactions.amount_cents)::bigint as true_cents
    from credit_transactions
    inner join settings on credit_transactions.currency = settings.currency
    group by credit_transactions.client_id

),

cached_balances as (

    select
        'practitioner' as holder,
        cached_earnings.practitioner_id as holder_id,
        measures.measure,
        measures.cents::bigint as cached_cents
    from cached_earnings
    cross join
        lateral (
            values
            ('pending', cached_earnings.pending_cents),
            ('available', cached_earnings.available_cents),
            ('paid', cached_earnings.paid_cents),
            ('lifetime', cached_earnings.lifetime_cents)
        ) as measures (measure, cents)

    union all

    select
        'client' as holder,
        client_id as holder_id,
        'credits' as measure,
        balance_cents::bigint as cached_cents
    from cached_credits

),

compared as (

    select
        coalesce(true_balances.holder, cached_balances.holder) as holder,
        coalesce(true_balances.holder_id, cached_balances.holder_id) as holder_id,
        coalesce(true_balances.measure, cached_balances.measure) as measure,
        settings.currency,
        coalesce(true_balances.true_cents, 0) as true_cents,
        cached_balances.cached_cents,
        coalesce(cached_balances.cached_cents, 0) - coalesce(true_balances.true_cents, 0) as drift_cents
    from true_balances
    full outer join cached_balances
        on
            true_balances.holder = cached_balances.holder
            and true_balances.holder_id = cached_balances.holder_id
            and true_balances.measure = cached_balances.measure
    cross join settings

),

drifting as (

    select
        holder,
        holder_id,
        measure,
        currency,
        true_cents,
        cached_cents,
        drift_cents
    from compared
    where drift_cents <> 0

)

select * from drifting
