-- Assumes that every package order and every credit row has a client.  If it fails, what is
-- owed to clients is not what their packages and credits add up to.

with

liabilities as (

    select
        currency,
        sum(sessions_cents) as sessions_cents,
        sum(credits_cents) as credits_cents
    from {{ ref('client_liability') }}
    group by currency

),

packages as (

    select
        currency,
        sum(liability_cents) as sessions_cents
    from {{ ref('package_progress') }}
    group by currency

),

credits as (

    select
        currency,
        sum(greatest(balance_cents, 0)) as credits_cents
    from {{ ref('user_credit_balances') }}
    group by currency

),

compared as (

    select
        currencies.currency,
        coalesce(liabilities.sessions_cents, 0) as sessions_cents,
        coalesce(packages.sessions_cents, 0) as package_sessions_cents,
        coalesce(liabilities.credits_cents, 0) as credits_cents,
        coalesce(credits.credits_cents, 0) as balance_credits_cents
    from (
        select currency from liabilities
        union distinct
        select currency from packages
        union distinct
        select currency from credits
    ) as currencies
    left join liabilities on currencies.currency = liabilities.currency
    left join packages on currencies.currency = packages.currency
    left join credits on currencies.currency = credits.currency

)

select *
from compared
where
    sessions_cents <> package_sessions_cents
    or credits_cents <> balance_credits_cents
