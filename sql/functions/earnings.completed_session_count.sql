-- earnings.completed_session_count(order_id)
--
-- How many session bookings of an order are delivered (R8); a no-show that was given a slot
-- has used up a session too (R12), a booking that was rescheduled has not (R13).  Counts
-- through the index on order_id; purchase bookings never count.
--
-- Reads     public.bookings_booking, earnings.session_slots

create or replace function earnings.completed_session_count(order_id bigint)
returns integer
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    select count(*)::integer
    from public.bookings_booking as bookings
    cross join lateral earnings.stored_purchase(bookings.id) as sold
    where bookings.order_id = completed_session_count.order_id
        and case bookings.status
            when 'completed' then not sold.is_purchase and not exists (
                select
                from public.bookings_booking as later
                where later.rescheduled_from_id = bookings.id
                offset 0
            )
            when 'no_show' then exists (
                select from earnings.session_slots as slots where slots.booking_id = bookings.id
            )
            else false
        end;
$$;

comment on function earnings.completed_session_count(bigint)
is 'How many session bookings of an order are delivered (R8).';
