delete from bookings_booking where id = (select min(id) from bookings_booking where status = 'draft')
