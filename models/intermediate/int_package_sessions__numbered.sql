-- One row per session of a package order whose number of sessions is known: its number,
-- its share of the price and of the credits, and the booking that uses it.
-- Shares are cut by running total, so they differ by at most one cent and always add
-- back up to the price: 40000 over 3 is 13333, 13333, 13334.
-- A delivered booking has the slot that the engine gave it; the other live bookings
-- stand on the free slots in the order in which they were made.

with

package_orders as (

    select
        order_id,
        price_cents,
        credits_applied_cents,
        session_count
    from {{ ref('int_package_orders__priced') }}
    where session_count is not null

),

slots as (

    select
        order_id,
        slot_number,
        booking_id,
        prepaid_cents
    from {{ source('earnings', 'session_slots') }}

),

session_bookings as (

    select
        booking_id,
        order_id,
        status
    from {{ ref('stg_marketplace__bookings') }}
    where
        order_id is not null
        and not is_purchase
        and not is_deleted
        and status not in ('canceled', 'rescheduled')

),

numbered as (

    select
        package_orders.order_id,
        numbers.session_number,
        {{ share_of('package_orders.price_cents', 'package_orders.session_count', 'numbers.session_number') }}
            as session_value_cents,
        {{ share_of('package_orders.credits_applied_cents', 'package_orders.session_count', 'numbers.session_number') }}
            as credits_applied_cents
    from package_orders
    cross join lateral generate_series(1, package_orders.session_count) as numbers (session_number)

),

free_sessions as (

    select
        numbered.order_id,
        numbered.session_number,
        row_number() over (partition by numbered.order_id order by numbered.session_number) as place
    from numbered
    left join slots
        on numbered.order_id = slots.order_id and numbered.session_number = slots.slot_number
    where slots.order_id is null

),

waiting_bookings as (

    select
        session_bookings.booking_id,
        session_bookings.order_id,
        row_number() over (
            partition by session_bookings.order_id
            order by (session_bookings.status = 'completed') desc, session_bookings.booking_id
        ) as place
    from session_bookings
    left join slots on session_bookings.booking_id = slots.booking_id
    where slots.booking_id is null

),

placed as (

    select
        numbered.order_id,
        numbered.session_number,
        numbered.session_value_cents,
        numbered.credits_applied_cents,
        slots.booking_id is not null as has_slot,
        coalesce(slots.booking_id, waiting_bookings.booking_id) as booking_id,
        coalesce(slots.prepaid_cents, 0) as prepaid_cents
    from numbered
    left join slots
        on numbered.order_id = slots.order_id and numbered.session_number = slots.slot_number
    left join free_sessions
        on numbered.order_id = free_sessions.order_id and numbered.session_number = free_sessions.session_number
    left join waiting_bookings
        on free_sessions.order_id = waiting_bookings.order_id and free_sessions.place = waiting_bookings.place

)

select * from placed
