-- One row per month (UTC), currency and type of service: the commission that the platform
-- has earned, and what has lapsed.  A delivery counts in the month in which it took place by
-- its appointment, a correction of it in the month in which it was made, breakage in
-- the month in which the package expired.

with

earnings as (

    select
        coalesce(service_type, 'unknown') as service_type,
        status,
        is_delivery,
        is_delivered or booking_status = 'no_show' as is_delivered,
        currency,
        commission_cents,
        date_trunc('month', counted_at at time zone 'UTC')::date as month_on
    from {{ ref('int_earnings__dated') }}
    where status in ('pending', 'available', 'paid')

),

package_orders as (

    select
        package_type as service_type,
        currency,
        expired_cents as breakage_cents,
        date_trunc('month', expired_at at time zone 'UTC')::date as month_on
    from {{ ref('int_package_orders__progressed') }}
    where is_expired

),

parts as (

    select
        month_on,
        currency,
        service_type,
        case when is_delivery and is_delivered then commission_cents else 0 end as delivered_commission_cents,
        case when is_delivery and not is_delivered then commission_cents else 0 end as undelivered_commission_cents,
        case when is_delivery then 0 else commission_cents end as corrected_commission_cents,
        0 as breakage_cents
    from earnings

    union all

    select
        month_on,
        currency,
        service_type,
        0 as delivered_commission_cents,
        0 as undelivered_commission_cents,
        0 as corrected_commission_cents,
        breakage_cents
    from package_orders

),

summed as (

    select
        month_on,
        currency,
        service_type,
        sum(delivered_commission_cents)::bigint as delivered_commission_cents,
        sum(undelivered_commission_cents)::bigint as undelivered_commission_cents,
        sum(corrected_commission_cents)::bigint as corrected_commission_cents,
        sum(delivered_commission_cents + undelivered_commission_cents + corrected_commission_cents)::bigint
            as commission_cents,
        sum(breakage_cents)::bigint as breakage_cents
    from parts
    group by month_on, currency, service_type

)

select * from summed
