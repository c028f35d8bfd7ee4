-- One row per record of a package's completion that the app keeps beside the order.  It
-- stops at pending and 0 of 0 in most deployments (R24): no amount is taken from it.

with

completions as (

    select
        id,
        package_booking_id,
        status,
        total_sessions,
        completed_sessions,
        payout_processed,
        created_at,
        updated_at
    from {{ source('marketplace', 'package_completion_records') }}

),

renamed as (

    select
        ---------- ids
        id as package_completion_id,
        package_booking_id as booking_id,

        ---------- categories
        status::text as status,
        payout_processed as is_paid_out,

        ---------- counts
        total_sessions,
        completed_sessions,

        ---------- timestamps
        created_at,
        updated_at
    from completions

)

select * from renamed
