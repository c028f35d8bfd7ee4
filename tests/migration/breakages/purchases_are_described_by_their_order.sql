update payments_order
set order_type = 'direct'
where id = (select min(order_id) from earnings.purchase_bookings)
