-- One row per earnings row, with what it was earned for: the booking, its order, the
-- service and the moment of delivery.

with

earnings as (

    select
        earnings_id,
        booking_id,
        practitioner_id,
        payout_id,
        status,
        transaction_type,
        is_delivery,
        currency,
        gross_cents,
        commission_rate_pct,
        commission_cents,
        net_cents,
        created_at,
        available_at
    from {{ ref('stg_marketplace__earnings') }}

),

bookings as (

    select
        booking_id,
        order_id,
        service_id,
        client_id,
        status,
        ends_at,
        completed_at
    from {{ ref('stg_marketplace__bookings') }}

),

services as (

    select
        service_id,
        service_name,
        service_type
    from {{ ref('stg_marketplace__services') }}

),

practitioners as (

    select
        practitioner_id,
        practitioner_name
    from {{ ref('stg_marketplace__practitioners') }}

),

dated as (

    select
        earnings.earnings_id,
        earnings.booking_id,
        bookings.order_id,
        earnings.practitioner_id,
        bookings.client_id,
        earnings.payout_id,
        practitioners.practitioner_name,
        services.service_name,
        services.service_type,
        earnings.status,
        earnings.transaction_type,
        earnings.is_delivery,
        bookings.status as booking_status,
        coalesce(bookings.status = 'completed', false) as is_delivered,
        earnings.currency,
        earnings.gross_cents,
        earnings.commission_rate_pct,
        earnings.commission_cents,
        earnings.net_cents,
        earnings.created_at,
        case when bookings.status = 'completed' then bookings.completed_at end as delivered_at,
        coalesce(bookings.ends_at, bookings.completed_at, earnings.created_at) as served_at,
        earnings.available_at
    from earnings
    left join bookings on earnings.booking_id = bookings.booking_id
    left join services on bookings.service_id = services.service_id
    left join practitioners on earnings.practitioner_id = practitioners.practitioner_id

),

counted as (

    select
        *,
        -- a correction of a closed month belongs to the month in which it was made
        case when is_delivery then served_at else created_at end as counted_at
    from dated

)

select * from counted
