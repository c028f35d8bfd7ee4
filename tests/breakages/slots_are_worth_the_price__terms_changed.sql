update earnings.package_terms
set price_cents = price_cents * 2
where order_id = (select min(order_id) from earnings.session_slots where amount_cents > 0)
returning order_id
