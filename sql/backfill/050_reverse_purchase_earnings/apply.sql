-- Writes what plan.sql planned.

update payments_earningstransaction as entries
set status = (jsonb_populate_record(entries, planned.after)).status
from planned
where planned.table_name = 'payments_earningstransaction'
    and planned.operation = 'update'
    and planned.row_id = entries.id;

insert into exceptions (
    kind, subject, subject_id, detail, proposed_action
)
select
    written.kind,
    written.subject,
    written.subject_id,
    written.detail,
    written.proposed_action
from planned
cross join lateral jsonb_populate_record(null::exceptions, planned.after) as written
where planned.table_name = 'exceptions' and planned.operation = 'insert'
order by planned.row_id;
