-- The number of sessions completed on a package order is the number of its delivered sessions;
-- a no-show that was paid has used up a session too, a rescheduled booking has not.
--
-- Rule      R8
-- Reads     everything
-- If not    Something wrote the order past the triggers. Saving the order again counts anew.

with

package_orders as (

    select
        id,
        package_metadata ->> 'sessions_completed' as recorded
    from public.payments_order
    where package_metadata is not null and order_type in ('package', 'bundle')

),

counted as (

    select
        bookings.order_id,
        count(*) as session_count
    from public.bookings_booking as bookings
    inner join package_orders on bookings.order_id = package_orders.id
    -- contract drops these columns; where they are, the booking's own are nearer
    cross join (values (false, false)) as dropped (is_package_purchase, is_bundle_purchase)
    left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
    left join earnings.session_slots as slots on bookings.id = slots.booking_id
    where
        (bookings.status = 'completed' or (bookings.status = 'no_show' and slots.booking_id is not null))
        and purchases.booking_id is null
        and not (select is_package_purchase or is_bundle_purchase from (select bookings.*) as booking)
        and not exists (
            select
            from public.bookings_booking as later
            where later.rescheduled_from_id = bookings.id
        )
    group by bookings.order_id

)

select
    'order' as subject,
    package_orders.id as subject_id,
    format(
        'sessions_completed is %s, %s were delivered', coalesce(package_orders.recorded, 'missing'),
        coalesce(counted.session_count, 0)
    ) as detail
from package_orders
left join counted on package_orders.id = counted.order_id
where package_orders.recorded is distinct from coalesce(counted.session_count, 0)::text
