-- Assumes that install was run after seeds/service_types.csv was last changed.
-- If it fails, the models take a package for an appointment, or an appointment for a package.

with

seeded as (

    select
        service_type,
        kind
    from {{ ref('service_types') }}

),

installed as (

    select
        service_type,
        kind
    from {{ source('earnings', 'service_types') }}

)

select
    coalesce(seeded.service_type, installed.service_type) as service_type,
    seeded.kind as seeded_kind,
    installed.kind as installed_kind
from seeded
full outer join installed on seeded.service_type = installed.service_type
where seeded.kind is distinct from installed.kind
