-- Writes back what was there before, where the row still holds what this step wrote.

delete from exceptions as inserted
using reverting
where reverting.table_name = 'exceptions'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.subject_id
    and reverting.after ->> 'kind' = inserted.kind
    and reverting.after ->> 'subject' = inserted.subject
    and inserted.resolved_at is null;

update payments_order as orders
set package_metadata = (jsonb_populate_record(orders, reverting.before)).package_metadata
from reverting
where reverting.table_name = 'payments_order'
    and reverting.operation = 'update'
    and reverting.row_id = orders.id;
