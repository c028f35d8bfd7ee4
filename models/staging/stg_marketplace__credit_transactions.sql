-- One row per credit transaction: + adds to the client's credits, - consumes them.

with

credit_transactions as (

    select
        id,
        user_id,
        order_id,
        booking_id,
        transaction_type,
        currency,
        amount_cents,
        created_at
    from {{ source('marketplace', 'payments_usercredittransaction') }}

),

renamed as (

    select
        ---------- ids
        id as credit_transaction_id,
        user_id as client_id,
        order_id,
        booking_id,

        ---------- categories
        case when transaction_type in ('transfer_in', 'transfer_out') then 'transfer' else transaction_type end::text
            as transaction_type,
        upper(currency)::text as currency,

        ---------- amounts
        amount_cents,

        ---------- timestamps
        created_at
    from credit_transactions

)

select * from renamed
