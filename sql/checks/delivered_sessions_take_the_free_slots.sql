-- No delivered session waits while a slot of its order is free, but for one that follows a
-- paid booking, was rescheduled, or whose order is left to the next job.
--
-- Rule      R7
-- Reads     everything
-- If not    A practitioner is not paid for a session that was sold. Saving the booking again gives
--           it the slot.

with

-- the functions look at each booking by itself, so only these are put to them
unslotted as materialized (

    select
        bookings.id,
        bookings.order_id,
        bookings.rescheduled_from_id
    from earnings.package_terms as terms
    inner join public.bookings_booking as bookings on terms.order_id = bookings.order_id
    -- contract drops these columns; where they are, the booking's own are nearer
    cross join (values (false, false)) as dropped (is_package_purchase, is_bundle_purchase)
    left join earnings.session_slots as slots on bookings.id = slots.booking_id
    left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
    where
        bookings.status = 'completed'
        and slots.booking_id is null
        and purchases.booking_id is null
        and not (select is_package_purchase or is_bundle_purchase from (select bookings.*) as booking)

),

waiting as (

    select
        id,
        order_id
    from unslotted
    where
        (rescheduled_from_id is null or not earnings.was_paid_before(id))
        and not earnings.earns_elsewhere(id)
        and order_id not in (
            select queued.order_id
            from earnings.settlement_queue as queue
            inner join public.bookings_booking as queued on queue.booking_id = queued.id
            where queued.order_id is not null
        )

),

free as (

    select
        order_id,
        count(*) as slot_count
    from earnings.free_slots(array(select distinct order_id from waiting))
    group by order_id

)

select
    'booking' as subject,
    waiting.id as subject_id,
    format('delivered without a slot, and order %s has %s free', free.order_id, free.slot_count) as detail
from waiting
inner join free on waiting.order_id = free.order_id
