-- One row per practitioner.

with

practitioners as (

    select
        id,
        display_name,
        is_deleted
    from {{ source('marketplace', 'practitioners_practitioner') }}

),

renamed as (

    select
        ---------- ids
        id as practitioner_id,

        ---------- categories
        coalesce(nullif(display_name, ''), 'practitioner ' || id)::text as practitioner_name,
        is_deleted
    from practitioners

)

select * from renamed
