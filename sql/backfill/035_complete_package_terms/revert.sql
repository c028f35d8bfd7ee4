-- Writes back what was there before, where the row still holds what this step wrote.

update payments_order as orders
set package_metadata = (jsonb_populate_record(orders, reverting.before)).package_metadata
from reverting
where reverting.table_name = 'payments_order'
    and reverting.operation = 'update'
    and reverting.row_id = orders.id;
