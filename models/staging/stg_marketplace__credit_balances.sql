-- One row per client whose credits the app keeps in payments_usercreditbalance.

with

balances as (

    select
        user_id,
        balance_cents,
        updated_at
    from {{ source('marketplace', 'payments_usercreditbalance') }}

),

renamed as (

    select
        ---------- ids
        user_id as client_id,

        ---------- amounts
        balance_cents,

        ---------- timestamps
        updated_at
    from balances

)

select * from renamed
