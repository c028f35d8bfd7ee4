-- One row per entry of the ledger's history, in the five statuses of R1.  What was being
-- processed before the migration was paid if it had a payout then: that stands in the
-- entry before.

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
        transaction_type,
        stamped_at,
        available_after,
        case
            when from_status = 'processing'
                then (
                    select earlier.payout_id
                    from {{ source('earnings', 'transitions') }} as earlier
                    where
                        earlier.earnings_id = history.earnings_id
                        and earlier.stamped_at < history.stamped_at
                    order by earlier.stamped_at desc
                    limit 1
                )
        end as from_payout_id
    from {{ source('earnings', 'transitions') }} as history

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
        {{ known_status('from_status', 'from_payout_id') }} as from_status,
        {{ known_status('to_status', 'payout_id') }} as to_status,
        upper(currency) as currency,
        made_by,
        application,
        actor,
        reason,
        transaction_type,

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
