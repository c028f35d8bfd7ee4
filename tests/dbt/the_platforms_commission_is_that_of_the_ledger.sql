-- Assumes that every earned row falls into one month and type of service, and that all breakage
-- of packages is there.  If it fails, the platform's revenue is wrong by the difference.

with

revenue as (

    select
        currency,
        sum(commission_cents) as commission_cents,
        sum(breakage_cents) as breakage_cents
    from {{ ref('platform_revenue') }}
    group by currency

),

ledger as (

    select
        currency,
        sum(commission_cents) as commission_cents
    from {{ ref('earnings') }}
    where status in ('pending', 'available', 'paid')
    group by currency

),

packages as (

    select
        currency,
        sum(expired_cents) as breakage_cents
    from {{ ref('package_progress') }}
    group by currency

),

compared as (

    select
        coalesce(revenue.currency, ledger.currency, packages.currency) as currency,
        coalesce(revenue.commission_cents, 0) as revenue_commission_cents,
        coalesce(ledger.commission_cents, 0) as ledger_commission_cents,
        coalesce(revenue.breakage_cents, 0) as revenue_breakage_cents,
        coalesce(packages.breakage_cents, 0) as package_breakage_cents
    from revenue
    full outer join ledger on revenue.currency = ledger.currency
    full outer join packages on coalesce(revenue.currency, ledger.currency) = packages.currency

)

select *
from compared
where
    revenue_commission_cents <> ledger_commission_cents
    or revenue_breakage_cents <> package_breakage_cents
