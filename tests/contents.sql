-- Everything that a database holds, as text: its schemas, columns, triggers, functions.
select concat_ws(' ', 'schema', nspname) as line
from pg_namespace
where nspname !~ '^pg_(toast_)?temp'
union all
select concat_ws(' ', 'column', attrelid::regclass, attname, atttypid::regtype, attnotnull) as line
from pg_attribute
inner join pg_class on pg_attribute.attrelid = pg_class.oid
where
    attnum > 0
    and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    and relnamespace::regnamespace::text !~ '^pg_(toast|temp)'
union all
select concat_ws(' ', 'trigger', tgrelid::regclass, tgname, tgenabled) as line
from pg_trigger
where not tgisinternal
union all
select concat_ws(' ', 'function', oid::regprocedure) as line
from pg_proc
where pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
order by 1
