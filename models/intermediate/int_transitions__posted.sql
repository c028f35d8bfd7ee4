-- One row per entry of the history and side: what it adds to a practitioner's net in one
-- status.  The net of a status at a moment is the sum of its postings until then (R19).

with

transitions as (

    select
        transition_id,
        practitioner_id,
        from_status,
        to_status,
        currency,
        net_cents,
        from_net_cents,
        stamped_at
    from {{ ref('stg_earnings__transitions') }}

),

posted as (

    select
        transition_id,
        practitioner_id,
        currency,
        to_status as status,
        net_cents,
        stamped_at
    from transitions
    where to_status is not null

    union all

    select
        transition_id,
        practitioner_id,
        currency,
        from_status as status,
        -from_net_cents as net_cents,
        stamped_at
    from transitions
    where from_status is not null

)

select * from posted
