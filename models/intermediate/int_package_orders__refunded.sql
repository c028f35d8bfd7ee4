-- One row per package order: what refunds have given back for the package as a whole (R9).
-- That is the refunds of the order without a booking, those of its canceled sessions, and
-- the whole price once the order is refunded.  Failed and canceled orders were never sold.
-- The refund of a session that was delivered is its own: its slot stays used.
-- A refund in another currency than the price's takes nothing off it.

with

package_orders as (

    select
        order_id,
        status,
        currency,
        price_cents
    from {{ ref('int_package_orders__priced') }}

),

credit_transactions as (

    select
        order_id,
        booking_id,
        currency,
        amount_cents
    from {{ ref('stg_marketplace__credit_transactions') }}
    where
        transaction_type = 'refund'
        and amount_cents > 0

),

canceled_bookings as (

    select
        booking_id,
        order_id
    from {{ ref('stg_marketplace__bookings') }}
    where status = 'canceled'

),

-- The app's refund of a cancellation names the booking only.
refunds as (

    select
        order_id,
        currency,
        amount_cents
    from credit_transactions
    where
        booking_id is null
        and order_id is not null

    union all

    select
        coalesce(canceled_bookings.order_id, credit_transactions.order_id) as order_id,
        credit_transactions.currency,
        credit_transactions.amount_cents
    from credit_transactions
    inner join canceled_bookings on credit_transactions.booking_id = canceled_bookings.booking_id

),

summed as (

    select
        order_id,
        currency,
        sum(amount_cents)::bigint as refund_cents
    from refunds
    group by order_id, currency

),

refunded as (

    select
        package_orders.order_id,
        case
            when package_orders.status in ('refunded', 'failed', 'canceled')
                then greatest(package_orders.price_cents, coalesce(summed.refund_cents, 0))
            else coalesce(summed.refund_cents, 0)
        end as refund_cents
    from package_orders
    left join summed
        on package_orders.order_id = summed.order_id and package_orders.currency = summed.currency

)

select * from refunded
