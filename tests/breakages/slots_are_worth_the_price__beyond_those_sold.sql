update earnings.session_slots
set slot_number = 10001, amount_cents = amount_cents
where booking_id = (select max(booking_id) from earnings.session_slots)
returning order_id
