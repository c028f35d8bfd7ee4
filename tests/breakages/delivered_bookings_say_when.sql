update bookings_booking
set completed_at = null
where id = (select min(id) from bookings_booking where status = 'completed')
returning id
