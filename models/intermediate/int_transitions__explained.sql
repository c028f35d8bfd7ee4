-- One row per entry of the history that changes what a practitioner has earned or was paid:
-- by how much, and why.  Earned is what is pending, available or paid; owed is what of
-- that is not paid.

with

transitions as (

    select
        transition_id,
        earnings_id,
        practitioner_id,
        event,
        from_status,
        to_status,
        currency,
        net_cents,
        from_net_cents,
        transaction_type,
        stamped_at
    from {{ ref('stg_earnings__transitions') }}

),

-- What kind of row it is stands in the ledger, and of a row that is gone in its deletion.
earnings as (

    select
        earnings_id,
        transaction_type
    from {{ ref('stg_marketplace__earnings') }}

),

deletions as (

    select
        earnings_id,
        max(transaction_type) as transaction_type
    from transitions
    where event = 'deleted'
    group by earnings_id

),

changed as (

    select
        transitions.transition_id,
        transitions.practitioner_id,
        transitions.event,
        transitions.to_status,
        transitions.currency,
        transitions.stamped_at,
        coalesce(earnings.transaction_type, deletions.transaction_type) as transaction_type,
        (
            case when transitions.to_status in ('pending', 'available', 'paid') then transitions.net_cents else 0 end
            - case
                when transitions.from_status in ('pending', 'available', 'paid') then transitions.from_net_cents
                else 0
            end
        ) as earned_change_cents,
        (
            case when transitions.to_status = 'paid' then transitions.net_cents else 0 end
            - case when transitions.from_status = 'paid' then transitions.from_net_cents else 0 end
        ) as paid_change_cents
    from transitions
    left join earnings on transitions.earnings_id = earnings.earnings_id
    left join deletions on transitions.earnings_id = deletions.earnings_id

),

-- The first that applies counts: a clawback that is reversed is a smaller clawback, and a
-- correction of an adjustment goes with that of its original.
explained as (

    select
        transition_id,
        practitioner_id,
        currency,
        case
            when event = 'opening' then 'brought_in'
            when transaction_type in ('clawback', 'reversal') then 'clawed_back'
            when to_status is null or to_status = 'reversed' then 'reversed'
            when event = 'corrected' then 'corrected'
            when transaction_type = 'adjustment' then 'adjusted'
            else 'earned'
        end as cause,
        case when event = 'opening' then earned_change_cents - paid_change_cents else earned_change_cents end
            as earned_change_cents,
        case when event = 'opening' then 0 else paid_change_cents end as paid_change_cents,
        earned_change_cents - paid_change_cents as owed_change_cents,
        stamped_at
    from changed
    where
        earned_change_cents <> 0
        or paid_change_cents <> 0

)

select * from explained
