-- A direct order sells one delivery: of the bookings that were rescheduled within it one earns.
-- Where several had earned before the migration, an exception says so.
--
-- Rule      R7
-- Reads     bookings
-- If not    A practitioner would be paid twice for one sale. Take away what all but one earn with
--           earnings.reverse_booking.

select
    'booking' as subject,
    bookings.id as subject_id,
    format('it earns, and booking %s of order %s as well', min(others.id), min(orders.id)) as detail
from public.bookings_booking as bookings
inner join public.payments_order as orders on bookings.order_id = orders.id
inner join public.payments_earningstransaction as own on bookings.id = own.booking_id
inner join public.bookings_booking as others on orders.id = others.order_id and bookings.id <> others.id
inner join public.payments_earningstransaction as theirs on others.id = theirs.booking_id
where
    -- An order has several bookings only by way of a reschedule.  No index serves this form: all that
    -- were rescheduled are more than those that have changed.
    (bookings.rescheduled_from_id is not null) is true
    and orders.order_type not in ('package', 'bundle')
    and own.status in ('pending', 'available', 'paid')
    and own.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and theirs.status in ('pending', 'available', 'paid')
    and theirs.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and not earnings.has_clawback(bookings.id)
    and not earnings.has_clawback(others.id)
    and not exists (
        select
        from earnings.exceptions as known
        where
            known.subject = 'booking'
            and known.subject_id in (bookings.id, others.id)
            and known.kind in ('reschedule_already_paid', 'order_earns_already')
    )
group by bookings.id
