-- One row per package order: its price, and where every cent of it stands.
-- price = earned + refundable + refunded + expired + not yet delivered, at every instant.
-- Each part is a sum over the sessions, so the parts are the price only if the shares are.

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

refunds as (

    select
        order_id,
        refund_cents
    from {{ ref('int_package_orders__refunded') }}

),

sessions as (

    select
        order_id,
        count(*) filter (where has_slot) as delivered_count,
        count(*) filter (where is_booked) as booked_count,
        count(*) filter (where not has_slot and refunded_cents < session_value_cents) as unused_count,
        coalesce(sum(session_value_cents - refunded_cents) filter (where has_slot), 0)::bigint as earned_cents,
        coalesce(
            sum(session_value_cents - refunded_cents) filter (where is_booked), 0
        )::bigint as booked_cents,
        coalesce(
            sum(session_value_cents - refunded_cents) filter (where not has_slot and not is_booked), 0
        )::bigint as unbooked_cents,
        sum(refunded_cents)::bigint as refunded_cents,
        coalesce(sum(prepaid_cents) filter (where has_slot), 0)::bigint as prepaid_used_cents
    from {{ ref('int_package_sessions__numbered') }}
    group by order_id

),

breakage as (

    select
        order_id,
        expired_at
    from {{ source('earnings', 'breakage') }}

),

-- Where the number of sessions is not known, no session can be used or booked.
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
        sessions.unused_count,
        coalesce(sessions.earned_cents, 0) as earned_cents,
        coalesce(sessions.booked_cents, 0) as booked_cents,
        coalesce(sessions.unbooked_cents, greatest(package_orders.price_cents - refunds.refund_cents, 0))::bigint
            as unbooked_cents,
        coalesce(sessions.refunded_cents, least(package_orders.price_cents, refunds.refund_cents))::bigint
            as refunded_cents,
        package_orders.prepaid_cents,
        package_orders.prepaid_cents - coalesce(sessions.prepaid_used_cents, 0) as prepaid_unused_cents,
        breakage.order_id is not null as is_expired,
        breakage.expired_at,
        package_orders.sold_at,
        package_orders.expires_at
    from package_orders
    inner join refunds on package_orders.order_id = refunds.order_id
    left join sessions on package_orders.order_id = sessions.order_id
    left join breakage on package_orders.order_id = breakage.order_id

),

progressed as (

    select
        order_id,
        client_id,
        practitioner_id,
        service_id,
        service_name,
        package_type,
        status,
        is_expired,
        currency,
        price_cents,
        credits_applied_cents,
        earned_cents,
        case when is_expired then 0 else unbooked_cents end as refundable_cents,
        refunded_cents,
        case when is_expired then booked_cents + unbooked_cents else 0 end as expired_cents,
        case when is_expired then 0 else booked_cents end as not_yet_delivered_cents,
        case when is_expired then 0 else booked_cents + unbooked_cents end as liability_cents,
        prepaid_cents,
        prepaid_unused_cents,
        session_count,
        delivered_count,
        booked_count,
        unused_count,
        sold_at,
        expires_at,
        expired_at
    from joined

)

select * from progressed
