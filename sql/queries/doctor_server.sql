-- What the server and the role that connects allow; one row.
select
    current_setting('server_version') as server_version,
    pg_is_in_recovery() as is_standby,
    current_setting('default_transaction_read_only')::boolean as is_read_only,
    current_setting('session_replication_role') as session_replication_role,
    session_user::text as role_name,
    roles.rolsuper as is_superuser,
    roles.rolcreaterole as may_create_roles,
    current_database()::text as database_name,
    has_database_privilege(current_database(), 'create') as may_create_schemas,
    coalesce(has_schema_privilege(to_regnamespace('public'), 'create'), false) as may_create_indexes,
    pg_database_size(current_database()) as database_bytes
from pg_catalog.pg_roles as roles
where roles.rolname = session_user
