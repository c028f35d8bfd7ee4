-- One write of the app's table for the whole backlog, as a bulk completion would make it.
update public.bookings_booking
set
    status = 'completed',
    completed_at = now(),
    actual_end_time = now(),
    status_changed_at = now(),
    updated_at = now()
where id in (select due.booking_id from bench.due)
