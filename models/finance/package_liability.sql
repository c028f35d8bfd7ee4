-- One row per currency and type of package: what all of them were sold for, and where every cent stands.

with

package_orders as (

    select
        currency,
        package_type,
        price_cents,
        earned_cents,
        refundable_cents,
        refunded_cents,
        expired_cents,
        not_yet_delivered_cents,
        liability_cents,
        prepaid_unused_cents,
        unused_count
    from {{ ref('int_package_orders__progressed') }}

),

summed as (

    select
        currency,
        package_type,
        count(*) as package_count,
        sum(price_cents)::bigint as price_cents,
        sum(earned_cents)::bigint as earned_cents,
        sum(refundable_cents)::bigint as refundable_cents,
        sum(refunded_cents)::bigint as refunded_cents,
        sum(expired_cents)::bigint as expired_cents,
        sum(not_yet_delivered_cents)::bigint as not_yet_delivered_cents,
        sum(liability_cents)::bigint as liability_cents,
        sum(prepaid_unused_cents)::bigint as prepaid_unused_cents,
        coalesce(sum(unused_count), 0)::bigint as unused_session_count,
        count(*) filter (where unused_count is null) as uncounted_package_count
    from package_orders
    group by currency, package_type

)

select * from summed
