-- One row per booking: its order, how that was found, and how sure it is (R15).  Bookings
-- that the migration did not have to link came with their order, or got it from the engine.

with

bookings as (

    select
        booking_id,
        order_id,
        practitioner_id,
        is_purchase
    from {{ ref('stg_marketplace__bookings') }}

),

order_links as (

    select
        booking_id,
        order_id,
        strategy,
        confidence,
        distance
    from {{ source('earnings_migration', 'order_links') }}

),

legacy_rows as (

    select ids
    from {{ source('earnings_migration', 'legacy_rows') }}
    where table_name = 'bookings_booking'

),

explained as (

    select
        bookings.booking_id,
        bookings.practitioner_id,
        bookings.is_purchase,
        bookings.order_id,
        order_links.order_id as found_order_id,
        case
            when order_links.booking_id is not null then order_links.strategy
            when bookings.order_id is null then 'none'
            when legacy_rows.ids @> bookings.booking_id then 'linked before the migration'
            else 'linked when it was made'
        end::text as strategy,
        case
            when order_links.booking_id is not null then order_links.confidence
            when bookings.order_id is null then 'none'
            else 'certain'
        end::text as confidence,
        extract(epoch from order_links.distance)::numeric as distance_seconds,
        coalesce(order_links.booking_id is not null and bookings.order_id is distinct from order_links.order_id, false)
            as is_changed_since
    from bookings
    left join order_links on bookings.booking_id = order_links.booking_id
    left join legacy_rows on true

)

select * from explained
