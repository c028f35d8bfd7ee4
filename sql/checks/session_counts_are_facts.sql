-- The number of sessions completed on a package order is the number of its delivered sessions;
-- a no-show that was paid has used up a session too, whatever became of it; a rescheduled booking
-- that was not, has not.
--
-- Rule      R8
-- Reads     orders
-- If not    Something wrote the order past the triggers. Saving the order again counts anew.

with

-- an order and its sessions are put under one another and summed, so that each is read once
counts as (

    select
        id as order_id,
        true as is_order,
        package_metadata ->> 'sessions_completed' as recorded,
        0 as session_count
    from public.payments_order
    where package_metadata is not null and order_type in ('package', 'bundle')

    union all

    select
        bookings.order_id,
        false as is_order,
        null as recorded,
        1 as session_count
    from public.payments_order as orders
    inner join public.bookings_booking as bookings on orders.id = bookings.order_id
    -- contract drops these columns; where they are, the booking's own are nearer
    cross join (values (false, false)) as dropped (is_package_purchase, is_bundle_purchase)
    left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
    left join earnings.session_slots as slots on bookings.id = slots.booking_id
    where
        orders.package_metadata is not null
        and orders.order_type in ('package', 'bundle')
        and purchases.booking_id is null
        and not (select is_package_purchase or is_bundle_purchase from (select bookings.*) as booking)
        and (
            (bookings.status = 'no_show' and slots.booking_id is not null)
            or (
                bookings.status = 'completed'
                and not exists (
                    select
                    from public.bookings_booking as later
                    where later.rescheduled_from_id = bookings.id
                )
            )
        )

),

summed as (

    select
        order_id,
        bool_or(is_order) as is_order,
        max(recorded) as recorded,
        sum(session_count) as session_count
    from counts
    group by order_id

)

select
    'order' as subject,
    order_id as subject_id,
    format('sessions_completed is %s, %s were delivered', coalesce(recorded, 'missing'), session_count) as detail
from summed
where
    is_order
    and recorded is distinct from session_count::text
