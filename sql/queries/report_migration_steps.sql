-- One row per step of the migration that has begun and is not done.

select
    step,
    state
from earnings_migration.steps
where state <> 'done'
order by step
