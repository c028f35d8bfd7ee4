-- One row per session of a package order: the share of the price it carries, the booking
-- that uses it, and what its practitioner earns for it.  It is used once its slot is taken:
-- by a delivery, by a no-show that is paid, or by a paid booking that has left the package.

with

sessions as (

    select
        order_id,
        session_number,
        session_value_cents,
        credits_applied_cents,
        has_slot,
        booking_id,
        prepaid_cents,
        refunded_cents
    from {{ ref('int_package_sessions__numbered') }}

),

package_orders as (

    select
        order_id,
        client_id,
        practitioner_id,
        status,
        currency,
        expires_at
    from {{ ref('int_package_orders__priced') }}

),

bookings as (

    select
        booking_id,
        practitioner_id,
        status,
        completed_at
    from {{ ref('stg_marketplace__bookings') }}

),

-- The live delivery row of a booking, else the last one that was reversed.
delivery_earnings as (

    select distinct on (booking_id)
        booking_id,
        earnings_id,
        status,
        currency,
        gross_cents,
        net_cents
    from {{ ref('stg_marketplace__earnings') }}
    where is_delivery
    order by booking_id asc, (status = 'reversed') asc, earnings_id desc

),

valued as (

    select
        sessions.order_id,
        sessions.session_number,
        sessions.booking_id,
        coalesce(bookings.practitioner_id, package_orders.practitioner_id) as practitioner_id,
        package_orders.client_id,
        delivery_earnings.earnings_id,
        package_orders.status as order_status,
        bookings.status as booking_status,
        sessions.has_slot as is_used,
        coalesce(bookings.status = 'completed', false) as is_delivered,
        delivery_earnings.status as earnings_status,
        package_orders.currency,
        sessions.session_value_cents,
        sessions.credits_applied_cents,
        sessions.prepaid_cents,
        sessions.refunded_cents,
        case when delivery_earnings.currency = package_orders.currency then delivery_earnings.gross_cents end
            as earnings_gross_cents,
        case when delivery_earnings.currency = package_orders.currency then delivery_earnings.net_cents end
            as earnings_net_cents,
        case when bookings.status = 'completed' then bookings.completed_at end as delivered_at,
        package_orders.expires_at
    from sessions
    inner join package_orders on sessions.order_id = package_orders.order_id
    left join bookings on sessions.booking_id = bookings.booking_id
    left join delivery_earnings on sessions.booking_id = delivery_earnings.booking_id

)

select * from valued
