-- Every used slot belongs to a delivered session of its order, to one that is paid, or to one that
-- is left to the next job.
--
-- Rule      R7
-- Reads     bookings
-- If not    The slot is lost to the sessions to come. Saving the order's bookings again frees it.

select
    'booking' as subject,
    slots.booking_id as subject_id,
    case
        when bookings.id is null then format('gone, and holds slot %s of order %s', slots.slot_number, slots.order_id)
        else format(
                'is %s on order %s, and holds slot %s of order %s',
                bookings.status, coalesce(bookings.order_id::text, 'none'), slots.slot_number, slots.order_id
            )
    end as detail
from earnings.session_slots as slots
left join public.bookings_booking as bookings on slots.booking_id = bookings.id
where
    case
        when bookings.status in ('completed', 'no_show') and bookings.order_id = slots.order_id then false
        -- asked of the others only
        else
            slots.booking_id not in (select queue.booking_id from earnings.settlement_queue as queue)
            and not coalesce(
                (
                    select earnings.keeps_slot(kept)
                    from public.bookings_booking as kept
                    where kept.id = slots.booking_id
                ),
                false
            )
    end
