-- On the primary, as a superuser: publish what the models and the functions read, which is what
-- install has let the engine read of the app's tables, and its own.  wal_level must be logical.

select format(
    'create publication earnings for table %s, tables in schema earnings, earnings_migration',
    string_agg(format('%I.%I', table_schema, table_name), ', ' order by table_name)
)
from information_schema.role_table_grants
where grantee = 'earnings_owner' and privilege_type = 'SELECT' and table_schema = 'public'
\gexec
