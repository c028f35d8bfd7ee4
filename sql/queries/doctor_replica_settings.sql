-- Roles and databases for which session_replication_role is set away from origin:
-- no trigger fires for what they write.
select
    coalesce(roles.rolname, 'every role')::text as role_name,
    coalesce(databases.datname, 'every database')::text as database_name
from pg_catalog.pg_db_role_setting as settings
left join pg_catalog.pg_roles as roles on settings.setrole = roles.oid
left join pg_catalog.pg_database as databases on settings.setdatabase = databases.oid
where exists (
        select from unnest(settings.setconfig) as configured (entry)
        where
            configured.entry like 'session_replication_role=%'
            and configured.entry <> 'session_replication_role=origin'
    )
    and (databases.datname is null or databases.datname = current_database())
