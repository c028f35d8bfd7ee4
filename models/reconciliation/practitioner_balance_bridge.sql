-- One row per practitioner, currency, status and part: how legacy became what there is now,
-- step by step (R25).  Legacy and the movements add up to now; practitioner_balance_residuals
-- says where they do not.

with

bridge as (

    select
        practitioner_id,
        currency,
        status,
        part_number,
        part,
        net_cents,
        row_count
    from {{ ref('int_balance_bridge__posted') }}

)

select * from bridge
