-- One row per client and currency: the sum of the client's credit rows, and what the app's
-- cached balance says.  The cache names no currency: it counts as the platform's (R16).

with

credit_transactions as (

    select
        client_id,
        currency,
        amount_cents,
        created_at
    from {{ ref('stg_marketplace__credit_transactions') }}

),

settings as (

    select currency
    from {{ ref('stg_earnings__settings') }}

),

cached as (

    select
        balances.client_id,
        settings.currency,
        balances.balance_cents::bigint as balance_cents
    from {{ ref('stg_marketplace__credit_balances') }} as balances
    cross join settings

),

summed as (

    select
        client_id,
        currency,
        sum(amount_cents)::bigint as balance_cents,
        count(*) as transaction_count,
        max(created_at) as last_transaction_at
    from credit_transactions
    group by client_id, currency

),

compared as (

    select
        coalesce(summed.client_id, cached.client_id) as client_id,
        coalesce(summed.currency, cached.currency) as currency,
        coalesce(summed.balance_cents, 0) as balance_cents,
        cached.balance_cents as cached_balance_cents,
        cached.balance_cents - coalesce(summed.balance_cents, 0) as drift_cents,
        coalesce(summed.transaction_count, 0) as transaction_count,
        summed.last_transaction_at
    from summed
    full outer join cached on summed.client_id = cached.client_id and summed.currency = cached.currency

)

select * from compared
