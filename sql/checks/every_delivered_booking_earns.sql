-- Every delivered booking has a delivery row. Purchases, sessions beyond those sold, sessions
-- that a paid purchase covers, rescheduled bookings, successors of paid ones, second bookings of
-- a direct order and legacy children without an order have none.
--
-- Rule      R6
-- Reads     bookings
-- If not    A practitioner is not paid for work done. Saving the booking again makes the engine
--           write the row; migrate up does so for all.

select
    'booking' as subject,
    bookings.id as subject_id,
    format('delivered at %s by practitioner %s, no earnings', bookings.completed_at, bookings.practitioner_id) as detail
from public.bookings_booking as bookings
-- contract drops these columns; where they are, the booking's own are nearer
cross join (values (false, false, null::bigint)) as dropped (is_package_purchase, is_bundle_purchase, parent_booking_id)
left join public.payments_order as orders on bookings.order_id = orders.id
left join earnings.session_slots as slots on bookings.id = slots.booking_id
left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
where
    bookings.status = 'completed'
    and purchases.booking_id is null
    and not exists (
        select
        from public.bookings_booking as later
        where later.rescheduled_from_id = bookings.id
    )
    and not exists (
        select
        from public.payments_earningstransaction as earned
        where
            earned.booking_id = bookings.id
            and earned.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    )
    and (slots.booking_id is not null or coalesce(orders.order_type, '') not in ('package', 'bundle'))
    and (
        slots.booking_id is null
        or slots.prepaid_cents = 0
        or slots.prepaid_cents < slots.amount_cents - slots.refunded_cents
    )
    and not exists (
        select
        from public.payments_earningstransaction as paid
        where paid.booking_id = bookings.rescheduled_from_id and paid.status = 'paid'
    )
    and not exists (
        select
        from earnings.exceptions as known
        where
            known.subject = 'booking'
            and known.subject_id = bookings.id
            and known.kind in ('reschedule_already_paid', 'order_earns_already')
    )
    and (bookings.order_id is not null or (select parent_booking_id is null from (select bookings.*) as booking))
    and not (select is_package_purchase or is_bundle_purchase from (select bookings.*) as booking)
