-- One row per entry of the ledger's history, in the five statuses of R1.

with

transitions as (

    select
        id,
        earnings_id,
        booking_id,
        practitioner_id,
        payout_id,
        event,
        from_status,
        to_status,
        currency,
        gross_amount_cents,
        commission_amount_cents,
        net_amount_cents,
        from_net_amount_cents,
        made_by,
        application,
        actor,
        reason,
        stamped_at,
        available_after
    from {{ source('earnings', 'transitions') }}

),

renamed as (

    select
        ---------- ids
        id as transition_id,
        earnings_id,
        booking_id,
        practitioner_id,
        payout_id,

        ---------- categories
        event,
        {{ known_status('from_status', 'payout_id') }} as from_status,
        {{ known_status('to_status', 'payout_id') }} as to_status,
        upper(currency) as currency,
        made_by,
        application,
        actor,
        reason,

        ---------- amounts
        gross_amount_cents as gross_cents,
        commission_amount_cents as commission_cents,
        net_amount_cents as net_cents,
        from_net_amount_cents as from_net_cents,

        ---------- timestamps
        stamped_at,
        available_after as available_at
    from transitions

)

select * from renamed
