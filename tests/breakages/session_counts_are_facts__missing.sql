update payments_order
set package_metadata = package_metadata - 'sessions_completed'
where id = (select max(id) from payments_order where order_type = 'package')
returning id
