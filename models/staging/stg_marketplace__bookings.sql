-- One row per booking.  The columns that contract drops (R26) may be missing;
-- earnings.purchase_bookings then says which bookings were purchases.

with

bookings as (

    select
        id,
        order_id,
        practitioner_id,
        user_id,
        service_id,
        service_session_id,
        rescheduled_from_id,
        status,
        payment_status,
        is_deleted,
        price_charged_cents,
        discount_amount_cents,
        final_amount_cents,
        created_at,
        start_time,
        end_time,
        completed_at,
        canceled_at,
        {{ optional_column(source('marketplace', 'bookings_booking'), 'is_package_purchase', 'boolean') }}
            as is_package_purchase,
        {{ optional_column(source('marketplace', 'bookings_booking'), 'is_bundle_purchase', 'boolean') }}
            as is_bundle_purchase,
        {{ optional_column(source('marketplace', 'bookings_booking'), 'parent_booking_id', 'bigint') }}
            as parent_booking_id,
        {{ optional_column(source('marketplace', 'bookings_booking'), 'payment_transaction_id', 'bigint') }}
            as payment_transaction_id,
        {{ optional_column(source('marketplace', 'bookings_booking'), 'credit_usage_transaction_id', 'bigint') }}
            as credit_usage_transaction_id
    from {{ source('marketplace', 'bookings_booking') }}

),

purchases as (

    select booking_id
    from {{ source('earnings', 'purchase_bookings') }}

),

renamed as (

    select
        ---------- ids
        bookings.id as booking_id,
        bookings.order_id,
        bookings.practitioner_id,
        bookings.user_id as client_id,
        bookings.service_id,
        bookings.service_session_id,
        bookings.parent_booking_id,
        bookings.rescheduled_from_id as rescheduled_from_booking_id,
        coalesce(bookings.credit_usage_transaction_id, bookings.payment_transaction_id)
            as credit_usage_transaction_id,

        ---------- categories
        case when bookings.status = 'cancelled' then 'canceled' else bookings.status end::text as status,
        bookings.payment_status::text as payment_status,
        (
            coalesce(bookings.is_package_purchase, false)
            or coalesce(bookings.is_bundle_purchase, false)
            or purchases.booking_id is not null
        ) as is_purchase,
        bookings.is_deleted,

        ---------- amounts
        bookings.price_charged_cents as price_cents,
        bookings.discount_amount_cents as credits_applied_cents,
        bookings.final_amount_cents as card_cents,

        ---------- timestamps
        bookings.created_at,
        bookings.start_time as starts_at,
        bookings.end_time as ends_at,
        bookings.completed_at,
        bookings.canceled_at
    from bookings
    left join purchases on bookings.id = purchases.booking_id

)

select * from renamed
