-- One row per entry of the ledger's history: what became of which earnings row, when, by
-- whom and why.  Entries past the watermark are there, marked as not final.
-- A new build takes every entry that is stamped after the last final one.  Neither ids nor the
-- newest stamp would do: a transaction may commit after another whose ids and stamps are
-- higher.  What is stamped until the watermark is complete (R19).

{{
    config(
        materialized='incremental',
        unique_key='transition_id',
        incremental_strategy='delete+insert',
        on_schema_change='fail',
    )
}}

with

transitions as (

    select
        transition_id,
        earnings_id,
        booking_id,
        practitioner_id,
        payout_id,
        event,
        from_status,
        to_status,
        currency,
        gross_cents,
        commission_cents,
        net_cents,
        from_net_cents,
        made_by,
        application,
        actor,
        reason,
        stamped_at,
        available_at
    from {{ ref('stg_earnings__transitions') }}
    {% if is_incremental() %}
        where
            stamped_at > (
                select coalesce(max(known.stamped_at), '-infinity')
                from {{ this }} as known
                where known.is_final
            )
    {% endif %}

),

watermark as (

    select final_until
    from {{ ref('stg_earnings__watermark') }}

),

marked as (

    select
        transitions.transition_id,
        transitions.earnings_id,
        transitions.booking_id,
        transitions.practitioner_id,
        transitions.payout_id,
        transitions.event,
        transitions.from_status,
        transitions.to_status,
        transitions.currency,
        transitions.gross_cents,
        transitions.commission_cents,
        transitions.net_cents,
        transitions.from_net_cents,
        transitions.made_by,
        transitions.application,
        transitions.actor,
        transitions.reason,
        transitions.stamped_at,
        transitions.available_at,
        coalesce(transitions.stamped_at <= watermark.final_until, false) as is_final
    from transitions
    cross join watermark

)

select * from marked
