-- One row per row of the earnings ledger.

with

earnings as (

    select
        earnings_id,
        booking_id,
        order_id,
        practitioner_id,
        client_id,
        payout_id,
        practitioner_name,
        service_name,
        service_type,
        status,
        transaction_type,
        is_delivery,
        is_delivered,
        currency,
        gross_cents,
        commission_rate_pct,
        commission_cents,
        net_cents,
        created_at,
        delivered_at,
        counted_at,
        available_at
    from {{ ref('int_earnings__dated') }}

)

select * from earnings
