-- One row per package order (of a package or a bundle): what was sold, at which price.
-- The frozen terms count before the order's own, which the app may still change (R7).
-- Without a subtotal, as on synthetic orders, the price is the session's value times n.

with

orders as (

    select
        order_id,
        client_id,
        practitioner_id,
        service_id,
        order_type,
        package_type,
        status,
        currency,
        is_deleted,
        subtotal_cents,
        credits_applied_cents,
        session_value_cents,
        total_sessions,
        sessions_completed,
        created_at,
        expires_at
    from {{ ref('stg_marketplace__orders') }}

),

services as (

    select
        service_id,
        service_name,
        service_type,
        is_package,
        validity_days
    from {{ ref('stg_marketplace__services') }}

),

terms as (

    select
        order_id,
        price_cents,
        session_count,
        currency,
        prepaid_cents
    from {{ source('earnings', 'package_terms') }}

),

bookings as (

    select
        booking_id,
        order_id,
        is_purchase
    from {{ ref('stg_marketplace__bookings') }}

),

earnings as (

    select
        booking_id,
        status,
        currency,
        gross_cents
    from {{ ref('stg_marketplace__earnings') }}

),

-- Paid out on the purchase itself: the terms carry it on once the first session is delivered.
paid_purchases as (

    select
        bookings.order_id,
        earnings.currency,
        sum(earnings.gross_cents)::bigint as gross_cents
    from bookings
    inner join earnings on bookings.booking_id = earnings.booking_id
    where
        bookings.is_purchase
        and earnings.status = 'paid'
    group by bookings.order_id, earnings.currency

),

package_orders as (

    select
        orders.order_id,
        orders.client_id,
        orders.practitioner_id,
        orders.service_id,
        orders.status,
        orders.is_deleted,
        orders.subtotal_cents,
        orders.credits_applied_cents,
        orders.session_value_cents,
        orders.total_sessions,
        orders.sessions_completed,
        orders.created_at,
        services.service_name,
        orders.currency,
        coalesce(
            orders.package_type,
            case when orders.order_type in ('package', 'bundle') then orders.order_type end,
            services.service_type
        ) as package_type,
        coalesce(orders.expires_at, orders.created_at + services.validity_days * interval '24 hours') as expires_at
    from orders
    left join services on orders.service_id = services.service_id
    where
        orders.order_type in ('package', 'bundle')
        or services.is_package

),

priced as (

    select
        package_orders.order_id,
        package_orders.client_id,
        package_orders.practitioner_id,
        package_orders.service_id,
        package_orders.service_name,
        package_orders.package_type,
        package_orders.status,
        package_orders.is_deleted,
        coalesce(upper(terms.currency), package_orders.currency) as currency,
        coalesce(
            terms.price_cents,
            nullif(package_orders.subtotal_cents, 0),
            package_orders.session_value_cents * package_orders.total_sessions,
            0
        ) as price_cents,
        package_orders.credits_applied_cents,
        coalesce(terms.session_count, package_orders.total_sessions) as session_count,
        package_orders.sessions_completed,
        coalesce(terms.prepaid_cents, paid_purchases.gross_cents, 0)::integer as prepaid_cents,
        terms.order_id is not null as is_frozen,
        package_orders.created_at as sold_at,
        package_orders.expires_at
    from package_orders
    left join terms on package_orders.order_id = terms.order_id
    left join paid_purchases
        on package_orders.order_id = paid_purchases.order_id and package_orders.currency = paid_purchases.currency

)

select * from priced
