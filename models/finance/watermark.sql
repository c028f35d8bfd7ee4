-- One row: up to which moment what the marts of this build say of the past is final, and
-- when they were built.  What is stamped later can still be joined by what commits late (R19).

with

watermark as (

    select final_until
    from {{ ref('stg_earnings__watermark') }}

),

published as (

    select
        final_until,
        now() as built_at
    from watermark

)

select * from published
