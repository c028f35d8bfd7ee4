-- One row: up to which moment the history is final in the snapshot that reads it (R19).
-- depends on: {{ source('earnings', 'heartbeats') }}

with

watermark as (

    select earnings.final_until() as final_until

)

select * from watermark
