-- earnings.projected_available_after(booking, created_at)
--
-- When projected earnings of a booking would be available (R4): the appointment's end
-- and the hold.  Without an end the earnings row's created_at stands in for it, since
-- now() would move at every recomputation; so it does for one that is no moment.  An end
-- beyond what the app can read is cut.
--
-- Reads     earnings.settings, and what appointment_end reads

create or replace function earnings.projected_available_after(
    booking public.bookings_booking,
    created_at timestamptz
)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select least(
        case when isfinite(ends_at) then ends_at else projected_available_after.created_at end,
        '9999-12-31 23:59:59.999999+00'::timestamptz - holds.length
    ) + holds.length
    from earnings.appointment_end(booking.service_id, booking.service_session_id, booking.end_time) as ends_at
    cross join (select earnings.setting('hold')::interval as length) as holds;
$$;

comment on function earnings.projected_available_after(public.bookings_booking, timestamptz)
is 'When projected earnings of a booking would be available: the appointment''s end and the hold (R4).';
