-- Stores where a step stands, in the transaction of the batch that took it there.

update earnings_migration.steps
set
    state = %(state)s,
    cursor_id = %(cursor_id)s,
    row_count = row_count + %(row_count)s,
    last_write_at = case when %(row_count)s = 0 then last_write_at else clock_timestamp() end,
    finished_at = case when %(state)s in ('done', 'reverted') then clock_timestamp() end
where step = %(step)s;
