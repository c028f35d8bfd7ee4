-- Takes back the exceptions that a step opened and nobody has resolved since, whichever step it is.

delete from exceptions as inserted
using reverting
where reverting.table_name = 'exceptions'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.subject_id
    and reverting.after ->> 'kind' = inserted.kind
    and reverting.after ->> 'subject' = inserted.subject
    and inserted.resolved_at is null;
