-- One row per booking that follows, by rescheduling, however often, one that still holds a
-- slot of its package.  It takes no slot of its own: the one delivery would be paid twice (R13).

with recursive

slots as (

    select booking_id
    from {{ source('earnings', 'session_slots') }}

),

bookings as (

    select
        booking_id,
        rescheduled_from_booking_id
    from {{ ref('stg_marketplace__bookings') }}
    where rescheduled_from_booking_id is not null

),

succeeding as (

    select bookings.booking_id
    from bookings
    inner join slots on bookings.rescheduled_from_booking_id = slots.booking_id

    union

    select bookings.booking_id
    from bookings
    inner join succeeding on bookings.rescheduled_from_booking_id = succeeding.booking_id

)

select * from succeeding
