-- The latest changes of a step that have not been undone, before change %(before_id)s.

insert into planned (
    table_name, row_id, operation, reason, practitioner_id, currency, before, after, change_id
)
select
    changes.table_name,
    changes.row_id,
    changes.operation,
    changes.reason,
    changes.practitioner_id,
    changes.currency,
    changes.before,
    changes.after,
    changes.id
from earnings_migration.row_changes as changes
where changes.step = %(step)s
    and changes.id < %(before_id)s
    and changes.reverted_at is null
order by changes.id desc
limit %(batch_size)s;
