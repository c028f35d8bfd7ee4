-- The app's tables that the pipeline alters or hangs triggers on: who owns them,
-- whether the role that connects may do so, and what about them stands in the way.
select
    tables.relname::text as table_name,
    owners.rolname::text as owner_name,
    pg_has_role(session_user, tables.relowner, 'usage') as is_owner,
    tables.relkind = 'r' as is_plain_table,
    tables.relrowsecurity as has_row_security,
    not tables.relpersistence = 'p' as is_unlogged
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_roles as owners on tables.relowner = owners.oid
where
    tables.oid in (
        to_regclass('public.bookings_booking'),
        to_regclass('public.payments_earningstransaction'),
        to_regclass('public.payments_order'),
        to_regclass('public.payments_practitionerearnings'),
        to_regclass('public.payments_practitionerpayout'),
        to_regclass('public.payments_usercredittransaction'),
        to_regclass('public.service_sessions')
    )
order by tables.relname
