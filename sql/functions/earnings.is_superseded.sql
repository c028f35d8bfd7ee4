-- earnings.is_superseded(booking_id)
--
-- True for a booking that was rescheduled to another: it counts nowhere, whatever becomes
-- of either (R13).
--
-- Reads     public.bookings_booking

create or replace function earnings.is_superseded(booking_id bigint)
returns boolean
language sql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from public.bookings_booking as later
        where later.rescheduled_from_id = is_superseded.booking_id
    );
$$;

comment on function earnings.is_superseded(bigint)
is 'True for a booking that was rescheduled to another: it counts nowhere (R13).';
