-- Notes which changes are undone.

update earnings_migration.row_changes as changes
set reverted_at = clock_timestamp()
from reverting
where changes.id = reverting.change_id;
