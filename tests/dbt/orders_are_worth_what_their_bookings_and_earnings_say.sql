-- Assumes that every booking and every earnings row of an order has one that exists, and that all
-- these marts were built at one moment.  If it fails, what finance compares of an order is not
-- what was booked, delivered or earned of it: its differences are wrong.

with

orders as (

    select
        order_id,
        currency,
        booking_count,
        delivered_count,
        delivered_cents,
        earned_cents
    from {{ ref('orders') }}

),

-- a booking has a row per currency of its earnings
bookings as (

    select
        order_id,
        count(distinct booking_id) filter (where status <> 'rescheduled') as booking_count,
        count(distinct booking_id) filter (where status = 'completed') as delivered_count
    from {{ ref('booking_earnings') }}
    where order_id is not null and not is_purchase
    group by order_id

),

prices as (

    select
        order_id,
        sum(price_cents) as delivered_cents
    from {{ ref('stg_marketplace__bookings') }}
    where status = 'completed'
    group by order_id

),

packages as (

    select
        progress.order_id,
        progress.currency,
        coalesce(sum(sessions.session_value_cents - sessions.refunded_cents), 0) as delivered_cents
    from {{ ref('package_progress') }} as progress
    left join {{ ref('session_values') }} as sessions on progress.order_id = sessions.order_id and sessions.is_used
    group by progress.order_id, progress.currency

),

earnings as (

    select
        order_id,
        currency,
        sum(gross_cents) as earned_cents
    from {{ ref('earnings') }}
    where
        order_id is not null
        and status in ('pending', 'available', 'paid')
    group by order_id, currency

),

named as (

    select order_id from bookings
    union distinct
    select order_id from earnings

),

compared as (

    select
        coalesce(orders.order_id, named.order_id) as order_id,
        orders.order_id is null as is_missing,
        orders.booking_count,
        coalesce(bookings.booking_count, 0) as bookings_listed,
        orders.delivered_count,
        coalesce(bookings.delivered_count, 0) as bookings_delivered,
        orders.delivered_cents,
        coalesce(packages.delivered_cents, prices.delivered_cents, 0) as bookings_delivered_cents,
        orders.earned_cents,
        coalesce(earnings.earned_cents, 0) as ledger_earned_cents
    from orders
    full outer join named on orders.order_id = named.order_id
    left join bookings on orders.order_id = bookings.order_id
    left join prices on orders.order_id = prices.order_id
    left join packages on orders.order_id = packages.order_id and orders.currency = packages.currency
    left join earnings on orders.order_id = earnings.order_id and orders.currency = earnings.currency

)

select *
from compared
where
    is_missing
    or (booking_count, delivered_count, delivered_cents, earned_cents)
    <> (bookings_listed, bookings_delivered, bookings_delivered_cents, ledger_earned_cents)
