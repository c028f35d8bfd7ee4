-- Steps of the data migration that have begun and are not finished.
select
    step,
    state,
    row_count
from earnings_migration.steps
where state in ('running', 'reverting')
order by started_at
