-- One row per package order: its price, and where every cent of it stands.
-- price = delivered + refunded + breakage + liability.

with

package_orders as (

    select
        order_id,
        client_id,
        practitioner_id,
        service_id,
        service_name,
        package_type,
        status,
        currency,
        price_cents,
        credits_applied_cents,
        session_count,
        prepaid_cents,
        sold_at,
        expires_at
    from {{ ref('int_package_orders__priced') }}

),

sessions as (

    select
        sessions.order_id,
        count(*) filter (where bookings.status = 'completed') as delivered_count,
        count(sessions.booking_id) filter (where bookings.status is distinct from 'completed') as booked_count,
        coalesce(sum(sessions.session_value_cents) filter (where bookings.status = 'completed'), 0)::bigint
            as delivered_cents,
        coalesce(sum(sessions.prepaid_cents) filter (where bookings.status = 'completed'), 0)::bigint
            as prepaid_used_cents
    from {{ ref('int_package_sessions__numbered') }} as sessions
    left join {{ ref('stg_marketplace__bookings') }} as bookings on sessions.booking_id = bookings.booking_id
    group by sessions.order_id

),

-- Refunds of the order itself; a session's own refund leaves its slot used (R9).
refunds as (

    select
        order_id,
        sum(amount_cents)::bigint as refunded_cents
    from {{ ref('stg_marketplace__credit_transactions') }}
    where
        transaction_type = 'refund'
        and order_id is not null
        and booking_id is null
        and amount_cents > 0
    group by order_id

),

breakage as (

    select
        order_id,
        expired_at
    from {{ source('earnings', 'breakage') }}

),

joined as (

    select
        package_orders.order_id,
        package_orders.client_id,
        package_orders.practitioner_id,
        package_orders.service_id,
        package_orders.service_name,
        package_orders.package_type,
        package_orders.status,
        package_orders.currency,
        package_orders.price_cents,
        package_orders.credits_applied_cents,
        package_orders.session_count,
        coalesce(sessions.delivered_count, 0) as delivered_count,
        coalesce(sessions.booked_count, 0) as booked_count,
        coalesce(sessions.delivered_cents, 0) as delivered_cents,
        package_orders.price_cents - coalesce(sessions.delivered_cents, 0) as undelivered_cents,
        package_orders.prepaid_cents,
        package_orders.prepaid_cents - coalesce(sessions.prepaid_used_cents, 0) as prepaid_unused_cents,
        coalesce(refunds.refunded_cents, 0) as order_refunds_cents,
        breakage.order_id is not null as is_expired,
        package_orders.sold_at,
        package_orders.expires_at
    from package_orders
    left join sessions on package_orders.order_id = sessions.order_id
    left join refunds on package_orders.order_id = refunds.order_id
    left join breakage on package_orders.order_id = breakage.order_id

),

-- A failed order was never sold: nothing of it is owed to anybody.
refunded as (

    select
        order_id,
        case
            when status in ('refunded', 'failed', 'canceled') then undelivered_cents
            else least(undelivered_cents, order_refunds_cents)
        end as refunded_cents
    from joined

),

progressed as (

    select
        joined.order_id,
        joined.client_id,
        joined.practitioner_id,
        joined.service_id,
        joined.service_name,
        joined.package_type,
        joined.status,
        joined.is_expired,
        joined.currency,
        joined.price_cents,
        joined.credits_applied_cents,
        joined.delivered_cents,
        joined.undelivered_cents,
        refunded.refunded_cents,
        case when joined.is_expired then joined.undelivered_cents - refunded.refunded_cents else 0 end
            as breakage_cents,
        case when joined.is_expired then 0 else joined.undelivered_cents - refunded.refunded_cents end
            as liability_cents,
        joined.prepaid_cents,
        joined.prepaid_unused_cents,
        joined.session_count,
        joined.delivered_count,
        joined.booked_count,
        joined.sold_at,
        joined.expires_at
    from joined
    inner join refunded on joined.order_id = refunded.order_id

)

select * from progressed
