-- One row per legacy parent booking, which was set aside as a purchase: the order that took
-- its terms over, what was sold, and what a payout of the purchase itself has covered (R7, R10).

with

purchases as (

    select
        booking_id,
        order_id,
        kind
    from {{ source('earnings', 'purchase_bookings') }}

),

bookings as (

    select
        booking_id,
        practitioner_id
    from {{ ref('stg_marketplace__bookings') }}

),

orders as (

    select
        order_id,
        currency,
        price_cents,
        session_count
    from {{ ref('int_package_orders__priced') }}

),

paid_purchases as (

    select
        booking_id,
        currency,
        sum(gross_cents)::bigint as gross_cents
    from {{ ref('stg_marketplace__earnings') }}
    where status = 'paid' and is_delivery
    group by booking_id, currency

),

slots as (

    select
        order_id,
        count(*) as delivered_count,
        sum(prepaid_cents)::bigint as netted_cents
    from {{ source('earnings', 'session_slots') }}
    group by order_id

),

-- An order that two parents share is netted once, on the first of them.
described as (

    select
        purchases.booking_id,
        purchases.order_id,
        purchases.kind::text as package_type,
        bookings.practitioner_id,
        coalesce(orders.currency, paid_purchases.currency) as currency,
        orders.price_cents::bigint as price_cents,
        orders.session_count::integer as session_count,
        coalesce(slots.delivered_count, 0)::integer as delivered_count,
        coalesce(paid_purchases.gross_cents, 0)::bigint as paid_before_cents,
        case
            when row_number() over (partition by purchases.order_id order by purchases.booking_id) = 1
                then coalesce(slots.netted_cents, 0)
            else 0
        end::bigint as netted_cents
    from purchases
    left join bookings on purchases.booking_id = bookings.booking_id
    left join orders on purchases.order_id = orders.order_id
    left join lateral (
        select
            of_booking.currency,
            of_booking.gross_cents
        from paid_purchases as of_booking
        where
            purchases.booking_id = of_booking.booking_id
            and coalesce(orders.currency, of_booking.currency) = of_booking.currency
        order by of_booking.currency
        limit 1
    ) as paid_purchases on true
    left join slots on purchases.order_id = slots.order_id

)

select * from described
