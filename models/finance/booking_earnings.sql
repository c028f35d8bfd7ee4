-- One row per booking and currency of its earnings: whether what it earns fits what became
-- of it.  A booking without earnings stands once, in the currency of its order.

with

bookings as (

    select
        booking_id,
        order_id,
        practitioner_id,
        client_id,
        status,
        is_purchase,
        is_deleted,
        completed_at,
        canceled_at
    from {{ ref('stg_marketplace__bookings') }}

),

orders as (

    select
        order_id,
        currency
    from {{ ref('stg_marketplace__orders') }}

),

settings as (

    select currency
    from {{ ref('stg_earnings__settings') }}

),

earnings as (

    select
        booking_id,
        currency,
        status,
        is_delivery,
        net_cents
    from {{ ref('stg_marketplace__earnings') }}

),

summed as (

    select
        booking_id,
        currency,
        count(*) filter (where is_delivery and status <> 'reversed') as live_count,
        count(*) filter (where status = 'reversed') as reversed_count,
        coalesce(sum(net_cents) filter (where status <> 'reversed'), 0)::bigint as net_cents
    from earnings
    group by booking_id, currency

),

joined as (

    select
        bookings.booking_id,
        bookings.order_id,
        bookings.practitioner_id,
        bookings.client_id,
        bookings.status,
        bookings.is_purchase,
        bookings.is_deleted,
        coalesce(summed.currency, orders.currency, settings.currency) as currency,
        coalesce(summed.live_count, 0) as live_count,
        coalesce(summed.reversed_count, 0) as reversed_count,
        coalesce(summed.net_cents, 0) as net_cents,
        sum(coalesce(summed.live_count, 0)) over (partition by bookings.booking_id) as booking_live_count,
        bookings.completed_at,
        bookings.canceled_at
    from bookings
    cross join settings
    left join orders on bookings.order_id = orders.order_id
    left join summed on bookings.booking_id = summed.booking_id

),

judged as (

    select
        booking_id,
        order_id,
        practitioner_id,
        client_id,
        status,
        is_purchase,
        is_deleted,
        currency,
        live_count,
        reversed_count,
        net_cents,
        case
            when is_purchase and net_cents <> 0 then 'purchase with earnings'
            when is_purchase then null
            when status = 'completed' and booking_live_count = 0 then 'delivered without earnings'
            when status = 'canceled' and net_cents <> 0 then 'canceled with earnings'
            when status = 'rescheduled' and net_cents <> 0 then 'rescheduled with earnings'
        end as finding,
        completed_at,
        canceled_at
    from joined

)

select * from judged
