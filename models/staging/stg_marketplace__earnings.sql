-- One row per row of the app's earnings ledger, in the five statuses of R1.

with

earnings as (

    select
        id,
        booking_id,
        practitioner_id,
        payout_id,
        status,
        transaction_type,
        currency,
        gross_amount_cents,
        commission_rate,
        commission_amount_cents,
        net_amount_cents,
        created_at,
        available_after
    from {{ source('marketplace', 'payments_earningstransaction') }}

),

renamed as (

    select
        ---------- ids
        id as earnings_id,
        booking_id,
        practitioner_id,
        payout_id,

        ---------- categories
        {{ known_status('status', 'payout_id') }} as status,
        transaction_type::text as transaction_type,
        transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal') as is_delivery,
        upper(currency)::text as currency,

        ---------- amounts
        gross_amount_cents as gross_cents,
        commission_rate as commission_rate_pct,
        commission_amount_cents as commission_cents,
        net_amount_cents as net_cents,

        ---------- timestamps
        created_at,
        available_after as available_at
    from earnings

)

select * from renamed
