-- One row per function of the engine's schemas, and per trigger named earnings_* anywhere: what the
-- catalog holds, and what install recorded of it.
with

found as (

    select
        'function' as kind,
        namespaces.nspname || '.' || functions.proname as identity,
        functions.oid::regprocedure::text as signature,
        md5(pg_get_functiondef(functions.oid)) as definition_checksum,
        true as is_enabled,
        pg_get_userbyid(functions.proowner) = 'earnings_owner'
        and not has_function_privilege('public', functions.oid, 'execute') as is_own,
        namespaces.nspname as function_schema
    from pg_proc as functions
    inner join pg_namespace as namespaces on functions.pronamespace = namespaces.oid
    where namespaces.nspname in ('earnings', 'earnings_migration') and functions.prokind in ('f', 'p')

    union all

    select
        'trigger',
        triggers.tgname || ' on ' || namespaces.nspname || '.' || tables.relname,
        namespaces.nspname || '.' || tables.relname,
        md5(pg_get_triggerdef(triggers.oid)),
        triggers.tgenabled in ('O', 'A'),
        true,
        function_namespaces.nspname
    from pg_trigger as triggers
    inner join pg_class as tables on triggers.tgrelid = tables.oid
    inner join pg_namespace as namespaces on tables.relnamespace = namespaces.oid
    inner join pg_proc as functions on triggers.tgfoid = functions.oid
    inner join pg_namespace as function_namespaces on functions.pronamespace = function_namespaces.oid
    where not triggers.tgisinternal and triggers.tgname like 'earnings\_%'

)

select
    found.kind,
    found.identity,
    found.signature,
    found.definition_checksum,
    found.is_enabled,
    found.is_own,
    found.function_schema
from found
order by found.kind, found.identity, found.signature;
