delete from earnings.session_slots
where booking_id = (select min(booking_id) from earnings.session_slots)
returning booking_id
