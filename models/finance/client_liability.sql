-- One row per currency and client to whom something is owed: the sessions of packages that
-- they have not had, and the credits that they have not spent.

with

package_orders as (

    select
        client_id,
        currency,
        liability_cents,
        unused_count,
        expires_at
    from {{ ref('int_package_orders__progressed') }}
    where liability_cents > 0

),

credit_transactions as (

    select
        client_id,
        currency,
        amount_cents
    from {{ ref('stg_marketplace__credit_transactions') }}

),

packages as (

    select
        client_id,
        currency,
        count(*) as package_count,
        case when count(unused_count) = count(*) then sum(unused_count)::bigint end as unused_session_count,
        sum(liability_cents)::bigint as sessions_cents,
        min(expires_at) as next_expires_at
    from package_orders
    group by client_id, currency

),

credits as (

    select
        client_id,
        currency,
        sum(amount_cents)::bigint as credits_cents
    from credit_transactions
    group by client_id, currency
    having sum(amount_cents) > 0

),

joined as (

    select
        coalesce(packages.currency, credits.currency) as currency,
        coalesce(packages.client_id, credits.client_id) as client_id,
        coalesce(packages.package_count, 0) as package_count,
        case when packages.client_id is null then 0 else packages.unused_session_count end as unused_session_count,
        coalesce(packages.sessions_cents, 0) as sessions_cents,
        coalesce(credits.credits_cents, 0) as credits_cents,
        coalesce(packages.sessions_cents, 0) + coalesce(credits.credits_cents, 0) as liability_cents,
        packages.next_expires_at
    from packages
    full outer join credits on packages.client_id = credits.client_id and packages.currency = credits.currency

)

select * from joined
