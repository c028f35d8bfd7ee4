-- Every function and every trigger of the engine is, word for word, what install has put there;
-- earnings_owner has the functions, and not everybody may call them.
--
-- Rule      R3
-- Reads     the catalog
-- If not    Somebody changed the rules by hand. scripts/earnings status says what else differs;
--           install puts the definition back.

with

functions as (

    select
        objects.identity,
        objects.definition_checksum,
        installed.oid,
        pg_catalog.pg_get_userbyid(installed.proowner) as owner_name
    from earnings.objects as objects
    inner join pg_catalog.pg_namespace as schemas on split_part(objects.identity, '.', 1) = schemas.nspname
    left join pg_catalog.pg_proc as installed
        on
            schemas.oid = installed.pronamespace
            and split_part(objects.identity, '.', 2) = installed.proname
            and installed.prokind in ('f', 'p')
    where objects.kind = 'function'

),

triggers as (

    select
        objects.identity,
        objects.definition_checksum,
        installed.oid
    from earnings.objects as objects
    inner join pg_catalog.pg_trigger as installed
        on
            split_part(objects.identity, ' on ', 1) = installed.tgname
            and to_regclass(split_part(objects.identity, ' on ', 2)) = installed.tgrelid
    where objects.kind = 'trigger'

)

select
    'function' as subject,
    coalesce(oid::bigint, 0) as subject_id,
    identity || case when oid is null then ' is missing' else ' is not what was installed' end as detail
from functions
where
    oid is null
    or definition_checksum <> md5(pg_catalog.pg_get_functiondef(oid))
    or owner_name <> 'earnings_owner'
    or has_function_privilege('public', oid, 'execute')

union all

select
    'trigger' as subject,
    oid::bigint as subject_id,
    identity || ' is not what was installed' as detail
from triggers
where definition_checksum <> md5(pg_catalog.pg_get_triggerdef(oid))
