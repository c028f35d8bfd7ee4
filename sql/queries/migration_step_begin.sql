-- Marks a step as running, from its first row on.

insert into earnings_migration.steps (step, state, row_count)
values (%(step)s, 'running', %(row_count)s)
on conflict (step) do update
    set
        state = 'running',
        cursor_id = 0,
        row_count = excluded.row_count,
        started_at = clock_timestamp(),
        finished_at = null;
