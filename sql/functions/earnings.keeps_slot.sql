-- earnings.keeps_slot(booking)
--
-- True for a booking that was paid for its slot and not clawed back: another session would
-- be paid for it again (R7).  A refund does not free the slot either, until the booking is
-- canceled and its refund counts as one of the whole package (R9).
--
-- Reads     public.payments_earningstransaction

create or replace function earnings.keeps_slot(booking public.bookings_booking)
returns boolean
language sql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select exists (select from earnings.due_clawbacks(booking.id)) or (
        booking.status <> 'canceled'
        and exists (
            select
            from public.payments_earningstransaction as paid
            where paid.booking_id = booking.id
                and paid.status || '' = 'paid'
                and earnings.is_delivery(paid.transaction_type)
        )
        and not earnings.has_clawback(booking.id)
    );
$$;

comment on function earnings.keeps_slot(public.bookings_booking)
is 'True for a booking that was paid for its slot and not clawed back (R7).';
