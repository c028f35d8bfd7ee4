update bookings_booking
set order_id = (select max(id) from payments_order)
where id = (select min(id) from bookings_booking where parent_booking_id is not null and order_id is not null)
