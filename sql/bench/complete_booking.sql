-- What a practitioner's click writes; the engine does the rest.
update public.bookings_booking
set
    status = 'completed',
    completed_at = now(),
    actual_end_time = now(),
    status_changed_at = now(),
    updated_at = now()
where id = (select work.booking_id from bench.work where work.place = %(place)s)
