-- One row per package order: its price, and where every cent of it stands.
-- price = earned + refundable + refunded + expired + not yet delivered.

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
        is_expired,
        currency,
        price_cents,
        credits_applied_cents,
        earned_cents,
        refundable_cents,
        refunded_cents,
        expired_cents,
        not_yet_delivered_cents,
        liability_cents,
        prepaid_cents,
        prepaid_unused_cents,
        session_count,
        delivered_count,
        booked_count,
        unused_count,
        sold_at,
        expires_at
    from {{ ref('int_package_orders__progressed') }}

)

select * from package_orders
