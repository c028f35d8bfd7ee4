-- Who waits for a lock now, since how many seconds, and who is in the way.

select
    extract(epoch from clock_timestamp() - waiting.waitstart)::float as seconds,
    format(
        '%s (%s) behind %s (%s)',
        waiters.application_name,
        left(regexp_replace(waiters.query, '\s+', ' ', 'g'), 60),
        blockers.application_name,
        left(regexp_replace(blockers.query, '\s+', ' ', 'g'), 120)
    ) as description
from pg_locks as waiting
inner join pg_stat_activity as waiters on waiting.pid = waiters.pid
cross join unnest(pg_blocking_pids(waiting.pid)) as blocking (pid)
inner join pg_stat_activity as blockers on blocking.pid = blockers.pid
where waiting.waitstart is not null and waiters.datname = current_database()
