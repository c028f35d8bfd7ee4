delete from earnings.package_terms
where order_id = (select max(order_id) from earnings.session_slots)
returning order_id
