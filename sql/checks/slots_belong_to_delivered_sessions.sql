-- Every used slot belongs to a delivered session of its order, to one that is paid, or to one that
-- is left to the next job.
--
-- Rule      R7
-- Reads     everything
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
    (
        coalesce(bookings.status not in ('completed', 'no_show'), true)
        or bookings.order_id is distinct from slots.order_id
    )
    and not coalesce(earnings.keeps_slot(bookings), false)
    and slots.booking_id not in (select queue.booking_id from earnings.settlement_queue as queue)
