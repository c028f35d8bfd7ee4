-- One row per type of service, and what the seed says it is: install has loaded it for the models.
-- One that the seed does not list is read as an appointment.

with

service_types as (

    select
        id,
        code,
        name,
        is_active
    from {{ source('marketplace', 'services_servicetype') }}

),

known as (

    select
        service_type,
        kind
    from {{ source('earnings', 'service_types') }}

),

renamed as (

    select
        ---------- ids
        service_types.id as service_type_id,

        ---------- categories
        service_types.code::text as service_type,
        service_types.name::text as service_type_name,
        coalesce(known.kind = 'package', false) as is_package,
        service_types.is_active
    from service_types
    left join known on service_types.code = known.service_type

)

select * from renamed
