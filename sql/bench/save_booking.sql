-- A write of a booking that concerns no rule.
update public.bookings_booking
set client_notes = 'seat ' || %(place)s, updated_at = now()
where id = (select work.booking_id from bench.work where work.place = %(place)s)
