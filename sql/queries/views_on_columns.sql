-- One row per view, or materialized view, that reads one of %(columns)s ("table.column" of the app's
-- tables), itself or through another view; the outermost ones first, so that they can be dropped in
-- this order.
with recursive

needed as (

    select
        tables.oid as table_id,
        columns.attnum as column_number
    from unnest(%(columns)s::text[]) as named (name)
    inner join pg_class as tables on tables.oid = to_regclass('public.' || split_part(named.name, '.', 1))
    inner join pg_attribute as columns
        on
            tables.oid = columns.attrelid
            and columns.attname = split_part(named.name, '.', 2)
            and not columns.attisdropped

),

reading as (

    select
        rules.ev_class as view_id,
        1 as depth
    from needed
    inner join pg_depend as dependencies
        on
            needed.table_id = dependencies.refobjid
            and needed.column_number = dependencies.refobjsubid
            and dependencies.classid = 'pg_rewrite'::regclass
            and dependencies.refclassid = 'pg_class'::regclass
    inner join pg_rewrite as rules on dependencies.objid = rules.oid

    union

    select
        rules.ev_class,
        reading.depth + 1
    from reading
    inner join pg_depend as dependencies
        on
            reading.view_id = dependencies.refobjid
            and dependencies.classid = 'pg_rewrite'::regclass
            and dependencies.refclassid = 'pg_class'::regclass
    inner join pg_rewrite as rules on dependencies.objid = rules.oid
    where rules.ev_class <> reading.view_id

)

select
    namespaces.nspname as schema_name,
    views.relname as view_name,
    views.relkind = 'm' as is_materialized
from reading
inner join pg_class as views on reading.view_id = views.oid
inner join pg_namespace as namespaces on views.relnamespace = namespaces.oid
group by namespaces.nspname, views.relname, views.relkind
order by max(reading.depth) desc, namespaces.nspname asc, views.relname asc;
