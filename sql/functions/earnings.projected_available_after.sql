-- earnings.projected_available_after(booking, created_at)
--
-- When projected earnings of a booking would be available (R4): the appointment's end
-- and the hold.  Without an end the earnings row's created_at stands in for it, since
-- now() would move at every recomputation.
--
-- Reads     earnings.settings, and what appointment_end reads

create or replace function earnings.projected_available_after(
    booking public.bookings_booking,
    created_at timestamptz
)
returns timestamptz
language sql
stable
set search_path = ''
as $$
    select coalesce(
        earnings.appointment_end(booking.service_id, booking.service_session_id, booking.end_time),
        projected_available_after.created_at
    ) + earnings.setting('hold')::interval;
$$;

comment on function earnings.projected_available_after(public.bookings_booking, timestamptz)
is 'When projected earnings of a booking would be available: the appointment''s end and the hold (R4).';
