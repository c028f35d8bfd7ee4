-- One row per day (UTC) from 2015 to 2049: the calendar along which metrics are told.

{{ config(materialized='view') }}

with

days as (

    select day_on::date as day_on
    from generate_series(timestamp '2015-01-01', timestamp '2049-12-31', interval '1 day') as series (day_on)

)

select * from days
