-- Writes what plan.sql planned.

update payments_order as orders
set package_metadata = (jsonb_populate_record(orders, planned.after)).package_metadata
from planned
where planned.table_name = 'payments_order'
    and planned.operation = 'update'
    and planned.row_id = orders.id;
