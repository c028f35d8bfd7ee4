-- How long these steps of the backfill took, without schema changes and installation, and what they wrote.
select
    sum(extract(epoch from steps.finished_at - steps.started_at))::float as seconds,
    (
        select count(*)
        from earnings_migration.row_changes as changes
        where changes.step = any(%(steps)s)
    ) as row_count
from earnings_migration.steps
where steps.step = any(%(steps)s)
