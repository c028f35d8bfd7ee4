-- Every step of the migration that has begun is done, and the last one has begun: a step begins
-- when all before it are done.

select
    'step' as subject,
    null::bigint as subject_id,
    format('%s is %s', steps.step, steps.state) as detail
from earnings_migration.steps
where steps.state <> 'done' and steps.step <> 'contract'

union all

select
    'step' as subject,
    null::bigint as subject_id,
    '930_index_one_live_delivery_row has not begun' as detail
where not exists (
        select
        from earnings_migration.steps
        where steps.step = '930_index_one_live_delivery_row'
    )
