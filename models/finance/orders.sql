-- One row per order: what was sold, charged, credited, booked, delivered, earned and
-- refunded, and where these differ.  An order that failed or was canceled has sold nothing.
-- Each sum holds what is in the order's currency, and nothing else.

with

orders as (

    select
        order_id,
        client_id,
        practitioner_id,
        service_id,
        order_type,
        status,
        payment_method,
        currency,
        is_deleted,
        subtotal_cents,
        tax_cents,
        credits_applied_cents,
        total_cents,
        created_at,
        case when status in ('failed', 'canceled') then 0 else subtotal_cents end as sold_cents
    from {{ ref('stg_marketplace__orders') }}

),

services as (

    select
        service_id,
        service_name,
        service_type
    from {{ ref('stg_marketplace__services') }}

),

bookings as (

    select
        booking_id,
        order_id,
        status,
        is_purchase,
        price_cents
    from {{ ref('stg_marketplace__bookings') }}

),

credit_transactions as (

    select
        coalesce(credit_transactions.order_id, bookings.order_id) as order_id,
        credit_transactions.transaction_type,
        credit_transactions.currency,
        credit_transactions.amount_cents
    from {{ ref('stg_marketplace__credit_transactions') }} as credit_transactions
    left join bookings on credit_transactions.booking_id = bookings.booking_id

),

earnings as (

    select
        order_id,
        currency,
        gross_cents
    from {{ ref('int_earnings__dated') }}
    where status in ('pending', 'available', 'paid')

),

packages as (

    select
        order_id,
        currency,
        earned_cents as delivered_cents
    from {{ ref('int_package_orders__progressed') }}

),

-- A rescheduled booking carries the price of the one that follows it.
booked as (

    select
        order_id,
        count(*) filter (where not is_purchase and status <> 'rescheduled') as booking_count,
        count(*) filter (where not is_purchase and status = 'completed') as delivered_count,
        nullif(sum(price_cents) filter (where status <> 'rescheduled'), 0)::bigint as booked_cents,
        coalesce(sum(price_cents) filter (where status = 'completed'), 0)::bigint as delivered_cents
    from bookings
    where order_id is not null
    group by order_id

),

credited as (

    select
        order_id,
        currency,
        coalesce(sum(amount_cents) filter (where transaction_type = 'purchase'), 0)::bigint as purchased_cents,
        -coalesce(sum(amount_cents) filter (where transaction_type = 'usage'), 0)::bigint as used_cents,
        coalesce(sum(amount_cents) filter (where transaction_type = 'refund'), 0)::bigint as refunded_cents
    from credit_transactions
    where order_id is not null
    group by order_id, currency

),

earned as (

    select
        order_id,
        currency,
        sum(gross_cents)::bigint as earned_cents
    from earnings
    where order_id is not null
    group by order_id, currency

),

joined as (

    select
        orders.order_id,
        orders.client_id,
        orders.practitioner_id,
        orders.service_id,
        services.service_name,
        services.service_type,
        orders.order_type,
        orders.status,
        orders.payment_method,
        orders.currency,
        orders.is_deleted,
        orders.sold_cents,
        orders.credits_applied_cents,
        orders.total_cents as charged_cents,
        booked.booked_cents,
        coalesce(credited.purchased_cents, 0) as purchased_cents,
        coalesce(credited.used_cents, 0) as used_cents,
        coalesce(packages.delivered_cents, booked.delivered_cents, 0) as delivered_cents,
        coalesce(earned.earned_cents, 0) as earned_cents,
        coalesce(credited.refunded_cents, 0) as refunded_cents,
        coalesce(booked.booking_count, 0) as booking_count,
        coalesce(booked.delivered_count, 0) as delivered_count,
        orders.total_cents - (orders.subtotal_cents + orders.tax_cents - orders.credits_applied_cents)
            as charged_difference_cents,
        orders.created_at
    from orders
    left join services on orders.service_id = services.service_id
    left join booked on orders.order_id = booked.order_id
    left join packages on orders.order_id = packages.order_id and orders.currency = packages.currency
    left join credited on orders.order_id = credited.order_id and orders.currency = credited.currency
    left join earned on orders.order_id = earned.order_id and orders.currency = earned.currency

),

compared as (

    select
        order_id,
        client_id,
        practitioner_id,
        service_id,
        service_name,
        service_type,
        order_type,
        status,
        payment_method,
        currency,
        is_deleted,
        sold_cents,
        credits_applied_cents,
        charged_cents,
        booked_cents,
        purchased_cents,
        used_cents,
        delivered_cents,
        earned_cents,
        refunded_cents,
        booking_count,
        delivered_count,
        charged_difference_cents,
        booked_cents - sold_cents as booked_difference_cents,
        purchased_cents - sold_cents as purchased_difference_cents,
        used_cents - sold_cents as used_difference_cents,
        earned_cents - delivered_cents as earned_difference_cents,
        created_at
    from joined

)

select * from compared
