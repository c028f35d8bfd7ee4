-- One row: up to which moment the history is final in the snapshot that reads it: the newest
-- heartbeat below every transaction still running (R19), as earnings.watermark() has it.

with

heartbeats as (

    select
        beaten_at,
        transaction_id
    from {{ source('earnings', 'heartbeats') }}

),

watermark as (

    select max(beaten_at) as final_until
    from heartbeats
    where transaction_id < pg_snapshot_xmin(pg_current_snapshot())

)

select * from watermark
