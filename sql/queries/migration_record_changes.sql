-- Records what a batch writes, before it is written: inserted orders first, so that the
-- rows that point at them are undone before them.

insert into earnings_migration.row_changes (
    step, table_name, row_id, operation, reason, practitioner_id, currency, before, after
)
select
    %(step)s,
    planned.table_name,
    planned.row_id,
    planned.operation,
    planned.reason,
    planned.practitioner_id,
    planned.currency,
    planned.before,
    planned.after
from planned
order by planned.operation <> 'insert', planned.table_name, planned.row_id;
