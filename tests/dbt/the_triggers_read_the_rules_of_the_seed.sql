-- Assumes that install was run after seeds/earnings_status_rules.csv was last changed.
-- If it fails, the database allows other status changes than the documents say.

with

seeded as (

    select
        from_status,
        to_status,
        kind,
        condition,
        rule
    from {{ ref('earnings_status_rules') }}

),

installed as (

    select
        from_status,
        to_status,
        kind,
        condition,
        rule
    from {{ source('earnings', 'status_rules') }}

),

missing as (

    select * from seeded
    except
    select * from installed

),

additional as (

    select * from installed
    except
    select * from seeded

)

select
    'not installed' as difference,
    from_status,
    to_status
from missing

union all

select
    'not in the seed' as difference,
    from_status,
    to_status
from additional
