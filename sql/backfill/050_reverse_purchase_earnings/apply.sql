-- Writes what plan.sql planned.

update payments_earningstransaction as entries
set status = (jsonb_populate_record(entries, planned.after)).status
from planned
where planned.table_name = 'payments_earningstransaction'
    and planned.operation = 'update'
    and planned.row_id = entries.id;
