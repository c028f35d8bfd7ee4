-- One row per session of a package order whose number of sessions is known: its number,
-- its share of the price and of the credits, what a refund has used up of it, and the
-- booking that uses it.
-- Shares are cut by running total, so they differ by at most one cent and always add
-- back up to the price: 40000 over 3 is 13333, 13333, 13334.
-- A session is used when the engine has given its slot to a booking: a delivered one, a
-- no-show that is paid, a paid one that has left the package.  Refunds of the package
-- use up the other slots from the highest (R9); on what is left of them stand the bookings
-- still to come, in the order in which they were made, drafts last: a draft is no appointment yet.

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

refunds as (

    select
        order_id,
        refund_cents
    from {{ ref('int_package_orders__refunded') }}

),

slots as (

    select
        order_id,
        slot_number,
        booking_id,
        prepaid_cents,
        refunded_cents
    from {{ source('earnings', 'session_slots') }}

),

succeeding as (

    select booking_id
    from {{ ref('int_bookings__succeeding') }}

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

used as (

    select
        numbered.order_id,
        numbered.session_number,
        numbered.session_value_cents,
        numbered.credits_applied_cents,
        slots.booking_id,
        slots.booking_id is not null as has_slot,
        coalesce(slots.prepaid_cents, 0) as prepaid_cents,
        slots.refunded_cents as used_refund_cents,
        (
            coalesce(refunds.refund_cents, 0)
            - coalesce(sum(slots.refunded_cents) over (partition by numbered.order_id), 0)
        ) as open_refund_cents,
        coalesce(
            sum(numbered.session_value_cents) filter (where slots.booking_id is null) over (
                partition by numbered.order_id
                order by numbered.session_number desc
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as unused_above_cents
    from numbered
    left join slots
        on numbered.order_id = slots.order_id and numbered.session_number = slots.slot_number
    left join refunds on numbered.order_id = refunds.order_id

),

refunded as (

    select
        order_id,
        session_number,
        session_value_cents,
        credits_applied_cents,
        booking_id,
        has_slot,
        prepaid_cents,
        open_refund_cents,
        case
            when has_slot then used_refund_cents
            else greatest(0, least(session_value_cents, open_refund_cents - unused_above_cents))
        end::integer as refunded_cents
    from used

),

free_sessions as (

    select
        order_id,
        session_number,
        row_number() over (partition by order_id order by session_number) as place
    from refunded
    where
        not has_slot
        and (open_refund_cents <= 0 or refunded_cents < session_value_cents)

),

waiting_bookings as (

    select
        session_bookings.booking_id,
        session_bookings.order_id,
        session_bookings.status <> 'draft' as is_booked,
        row_number() over (
            partition by session_bookings.order_id
            order by
                (session_bookings.status = 'completed') desc,
                (session_bookings.status = 'draft') asc,
                session_bookings.booking_id asc
        ) as place
    from session_bookings
    left join slots on session_bookings.booking_id = slots.booking_id
    left join succeeding on session_bookings.booking_id = succeeding.booking_id
    where
        slots.booking_id is null
        and succeeding.booking_id is null

),

placed as (

    select
        refunded.order_id,
        refunded.session_number,
        refunded.session_value_cents,
        refunded.credits_applied_cents,
        refunded.has_slot,
        coalesce(waiting_bookings.is_booked, false) as is_booked,
        coalesce(refunded.booking_id, waiting_bookings.booking_id) as booking_id,
        refunded.prepaid_cents,
        refunded.refunded_cents
    from refunded
    left join free_sessions
        on refunded.order_id = free_sessions.order_id and refunded.session_number = free_sessions.session_number
    left join waiting_bookings
        on free_sessions.order_id = waiting_bookings.order_id and free_sessions.place = waiting_bookings.place

)

select * from placed
