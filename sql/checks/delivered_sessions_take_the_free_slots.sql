-- No delivered session waits while a slot of its order is free, but for one that follows a
-- paid booking, was rescheduled, or whose order is left to the next job.
--
-- Rule      R7
-- Reads     bookings
-- If not    A practitioner is not paid for a session that was sold. Saving the booking again gives
--           it the slot.

select
    'booking' as subject,
    bookings.id as subject_id,
    format('delivered without a slot, and order %s has %s free', bookings.order_id, free.slot_count) as detail
from earnings.package_terms as terms
inner join public.bookings_booking as bookings on terms.order_id = bookings.order_id
-- contract drops these columns; where they are, the booking's own are nearer
cross join (values (false, false)) as dropped (is_package_purchase, is_bundle_purchase)
left join earnings.session_slots as slots on bookings.id = slots.booking_id
left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
cross join
    lateral (
        select count(*) as slot_count
        from earnings.free_slots(array[bookings.order_id])
        where slots.booking_id is null
    ) as free
where
    bookings.status = 'completed'
    and slots.booking_id is null
    and purchases.booking_id is null
    and not (select is_package_purchase or is_bundle_purchase from (select bookings.*) as booking)
    and bookings.order_id not in (
        select queued.order_id
        from earnings.settlement_queue as queue
        inner join public.bookings_booking as queued on queue.booking_id = queued.id
        where queued.order_id is not null
    )
    and free.slot_count > 0
    -- the functions look at each booking by itself: they are asked of those with a free slot only
    and case
        when free.slot_count > 0
            then
                (bookings.rescheduled_from_id is null or not earnings.was_paid_before(bookings.id))
                and not exists (select from earnings.earned_elsewhere(array[bookings.id]))
    end
