-- No role, database or server setting makes sessions write as a replica, past the triggers.
--
-- Rule      R3
-- Reads     the catalog
-- If not    alter role ... reset session_replication_role (or alter database, or
--           postgresql.conf); then check again.

with

settings as (

    select
        db_role_settings.setrole,
        coalesce(roles.rolname, 'every role') as role_name,
        coalesce(databases.datname, 'every database') as database_name,
        unnest(db_role_settings.setconfig) as setting
    from pg_catalog.pg_db_role_setting as db_role_settings
    left join pg_catalog.pg_roles as roles on db_role_settings.setrole = roles.oid
    left join pg_catalog.pg_database as databases on db_role_settings.setdatabase = databases.oid
    where databases.datname = current_database() or db_role_settings.setdatabase = 0

)

select
    'role' as subject,
    setrole::bigint as subject_id,
    format('%s in %s: %s', role_name, database_name, setting) as detail
from settings
where setting like 'session\_replication\_role=%' and setting not like '%=origin'

union all

select
    'session' as subject,
    pg_backend_pid()::bigint as subject_id,
    'session_replication_role is ' || current_setting('session_replication_role') as detail
where current_setting('session_replication_role') <> 'origin'
