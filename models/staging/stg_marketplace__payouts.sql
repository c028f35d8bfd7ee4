-- One row per payout to a practitioner.

with

payouts as (

    select
        id,
        practitioner_id,
        status,
        currency,
        credits_payout_cents,
        commission_collected_cents,
        payout_date,
        created_at
    from {{ source('marketplace', 'payments_practitionerpayout') }}

),

renamed as (

    select
        ---------- ids
        id as payout_id,
        practitioner_id,

        ---------- categories
        case when status = 'cancelled' then 'canceled' else status end::text as status,
        upper(currency)::text as currency,

        ---------- amounts
        credits_payout_cents as net_cents,
        commission_collected_cents as commission_cents,

        ---------- timestamps
        payout_date as paid_at,
        created_at
    from payouts

)

select * from renamed
