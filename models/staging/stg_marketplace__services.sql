-- One row per service, with the code of its type.

with

services as (

    select
        id,
        service_type_id,
        name,
        validity_days
    from {{ source('marketplace', 'services_service') }}

),

service_types as (

    select
        service_type_id,
        service_type,
        is_package
    from {{ ref('stg_marketplace__service_types') }}

),

renamed as (

    select
        ---------- ids
        services.id as service_id,

        ---------- categories
        services.name::text as service_name,
        service_types.service_type,
        coalesce(service_types.is_package, false) as is_package,

        ---------- counts
        services.validity_days
    from services
    left join service_types on services.service_type_id = service_types.service_type_id

)

select * from renamed
