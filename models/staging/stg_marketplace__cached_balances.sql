-- One row per practitioner whose balance the app keeps in payments_practitionerearnings.

with

balances as (

    select
        practitioner_id,
        pending_balance_cents,
        available_balance_cents,
        lifetime_earnings_cents,
        lifetime_payouts_cents,
        last_payout_date
    from {{ source('marketplace', 'payments_practitionerearnings') }}

),

renamed as (

    select
        ---------- ids
        practitioner_id,

        ---------- amounts
        pending_balance_cents as pending_cents,
        available_balance_cents as available_cents,
        lifetime_earnings_cents as lifetime_cents,
        lifetime_payouts_cents as paid_cents,

        ---------- timestamps
        last_payout_date as last_payout_at
    from balances

)

select * from renamed
