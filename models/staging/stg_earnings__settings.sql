-- One row: the settings that the models read.

with

settings as (

    select
        name,
        value
    from {{ source('earnings', 'settings') }}

),

renamed as (

    select upper(value) as currency
    from settings
    where name = 'currency'

)

select * from renamed
