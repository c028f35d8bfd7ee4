-- earnings.earns(booking_id)
--
-- True for a delivered booking that earns in its own right: it has its slot if it is a
-- package session (R7), and nothing that it was rescheduled from or to, nor another booking
-- of its direct order, is paid for the same delivery (R7, R13).
--
-- Reads     public.bookings_booking, payments_order, payments_earningstransaction,
--           earnings.session_slots

create or replace function earnings.earns(booking_id bigint)
returns boolean
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from public.bookings_booking as bookings
        left join public.payments_order as orders on bookings.order_id = orders.id
        where bookings.id = earns.booking_id
            and earnings.is_delivered(bookings)
            and (
                coalesce(orders.order_type, '') not in ('package', 'bundle')
                or exists (select from earnings.session_slots as slots where slots.booking_id = bookings.id)
            )
            and (bookings.rescheduled_from_id is null or not earnings.was_paid_before(bookings.id))
            and not exists (select from earnings.earned_elsewhere(array[bookings.id]))
    );
$$;

comment on function earnings.earns(bigint)
is 'True for a delivered booking that earns in its own right (R7, R13).';
