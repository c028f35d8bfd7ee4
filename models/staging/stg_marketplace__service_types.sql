-- One row per type of service.

with

service_types as (

    select
        id,
        code,
        name,
        is_active
    from {{ source('marketplace', 'services_servicetype') }}

),

renamed as (

    select
        ---------- ids
        id as service_type_id,

        ---------- categories
        code::text as service_type,
        name::text as service_type_name,
        is_active
    from service_types

)

select * from renamed
