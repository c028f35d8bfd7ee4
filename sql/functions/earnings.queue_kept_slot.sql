-- earnings.queue_kept_slot(booking_id)
--
-- Leaves to the next job a slot that was kept only because it was paid, once that is taken
-- back (R7, R9): earnings may not wait for their order (R20 b).
--
-- Writes    earnings.settlement_queue

create or replace function earnings.queue_kept_slot(booking_id bigint)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    insert into earnings.settlement_queue (booking_id)
    select slots.booking_id
    from earnings.session_slots as slots
    inner join public.bookings_booking as bookings on slots.booking_id = bookings.id
    where slots.booking_id = queue_kept_slot.booking_id and not earnings.is_delivered(bookings);
$$;

comment on function earnings.queue_kept_slot(bigint)
is 'Leaves to the next job a slot that was kept only because it was paid, once that is taken back (R7, R9).';
