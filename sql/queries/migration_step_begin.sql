-- Marks a step as running, from its first row on. One that is done goes on counting its rows.

insert into earnings_migration.steps (step, state, row_count)
values (%(step)s, 'running', %(row_count)s)
on conflict (step) do update
    set
        state = 'running',
        cursor_id = 0,
        row_count = case steps.state when 'done' then steps.row_count else excluded.row_count end,
        started_at = clock_timestamp(),
        finished_at = null;
