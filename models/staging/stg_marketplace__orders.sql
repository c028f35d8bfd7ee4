-- One row per order.  Numbers and times inside package_metadata that cannot be
-- true are read as null.

with

orders as (

    select
        id,
        user_id,
        practitioner_id,
        service_id,
        order_type,
        status,
        payment_method,
        currency,
        is_deleted,
        package_metadata ->> 'package_type' as package_type,
        package_metadata ->> 'total_sessions' as total_sessions,
        package_metadata ->> 'sessions_completed' as sessions_completed,
        package_metadata ->> 'session_value_cents' as session_value_cents,
        package_metadata ->> 'expires_at' as expires_at,
        subtotal_amount_cents,
        tax_amount_cents,
        credits_applied_cents,
        total_amount_cents,
        created_at
    from {{ source('marketplace', 'payments_order') }}

),

renamed as (

    select
        ---------- ids
        id as order_id,
        user_id as client_id,
        practitioner_id,
        service_id,

        ---------- categories
        order_type::text as order_type,
        package_type,
        case when status = 'cancelled' then 'canceled' else status end::text as status,
        payment_method::text as payment_method,
        upper(currency)::text as currency,
        is_deleted,

        ---------- amounts
        subtotal_amount_cents as subtotal_cents,
        tax_amount_cents as tax_cents,
        credits_applied_cents,
        total_amount_cents as total_cents,
        case when session_value_cents ~ '^[0-9]{1,9}$' then session_value_cents::integer end as session_value_cents,

        ---------- counts
        {{ whole_number('total_sessions') }} as total_sessions,
        case when sessions_completed ~ '^[0-9]{1,9}$' then sessions_completed::integer end as sessions_completed,

        ---------- timestamps
        created_at,
        {{ moment('expires_at') }} as expires_at
    from orders

)

select * from renamed
