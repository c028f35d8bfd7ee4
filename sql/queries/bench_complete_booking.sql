-- What the app's practitioner writes when a booking is done.
update public.bookings_booking
set
    status = 'completed',
    actual_end_time = clock_timestamp(),
    completed_at = clock_timestamp(),
    status_changed_at = clock_timestamp(),
    updated_at = clock_timestamp()
where id = %(booking_id)s
