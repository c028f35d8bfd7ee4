-- Opens the exceptions that a step planned, whichever step it is.

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
