-- Transactions of this database that have run for more than a minute, and prepared ones:
-- a schema change waits for those that hold a lock on its table.
select
    'session ' || sessions.pid as name,
    coalesce(nullif(sessions.application_name, ''), sessions.usename::text, 'unknown') as owner,
    (extract(epoch from clock_timestamp() - sessions.xact_start))::integer as age_seconds,
    'select pg_terminate_backend(' || sessions.pid || ')' as remedy
from pg_catalog.pg_stat_activity as sessions
where
    sessions.datname = current_database()
    and sessions.pid <> pg_backend_pid()
    and sessions.xact_start < clock_timestamp() - interval '1 minute'
union all
select
    'prepared transaction ' || prepared.gid as name,
    prepared.owner::text as owner,
    (extract(epoch from clock_timestamp() - prepared.prepared))::integer as age_seconds,
    'rollback prepared ' || quote_literal(prepared.gid) as remedy
from pg_catalog.pg_prepared_xacts as prepared
where prepared.database = current_database()
order by 3 desc
