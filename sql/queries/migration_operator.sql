-- Who holds the migration's lock on this database.

select
    activity.pid,
    activity.application_name,
    to_char(activity.backend_start, 'YYYY-MM-DD HH24:MI')
from pg_locks as locks
inner join pg_stat_activity as activity on locks.pid = activity.pid
where locks.locktype = 'advisory'
    and locks.classid = 0
    and locks.objid = %(lock_id)s
    and locks.granted
    and activity.datname = current_database();
