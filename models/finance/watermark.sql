-- One row per mart: up to which moment what it says of the past is final, and when it was built.
-- What is stamped later can still be joined by what commits late (R19).  Marts of one snapshot
-- were built from the same moment of the database, and agree.

{{ config(materialized='view') }}

with

published as (

    select
        mart,
        slot
    from {{ source('marts', 'published_marts') }}

),

builds as (

    select
        mart,
        slot,
        final_until,
        built_at,
        snapshot
    from {{ source('marts', 'mart_builds') }}

),

watermarks as (

    select
        published.mart,
        builds.final_until,
        builds.built_at,
        builds.snapshot
    from published
    inner join builds
        on
            published.mart = builds.mart
            and published.slot = builds.slot

)

select * from watermarks
