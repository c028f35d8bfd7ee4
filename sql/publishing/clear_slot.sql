-- The statements that take away what a slot holds of marts that have to be made anew: those with other
-- columns than their contract says, and all of them on request.  A view that reads the table reads the
-- other slot only until the mart is published.

with

marts as (

    select
        mart.value ->> 'schema' as schema_name,
        mart.value ->> 'name' as name,
        mart.value -> 'columns' as columns
    from jsonb_array_elements(%(marts)s::jsonb) as mart (value)

),

found as (

    select
        marts.schema_name,
        marts.name,
        to_regclass(format('%%I.%%I', %(slot)s::text, marts.name)) as table_oid,
        to_regclass(format('%%I.%%I', marts.schema_name, marts.name)) as view_oid,
        (
            select
                string_agg(
                    format('%%s %%s', col.value ->> 'name', to_regtype(col.value ->> 'type')), ', '
                    order by col.value ->> 'name'
                )
            from jsonb_array_elements(marts.columns) as col (value)
        ) as contracted,
        (
            select
                string_agg(
                    format('%%s %%s', attributes.attname, attributes.atttypid::regtype), ', '
                    order by attributes.attname::text
                )
            from pg_attribute as attributes
            where
                attributes.attrelid = to_regclass(format('%%I.%%I', %(slot)s::text, marts.name))
                and attributes.attnum > 0
                and not attributes.attisdropped
        ) as built
    from marts

),

outdated as (

    select
        found.name,
        found.view_oid,
        found.table_oid,
        found.table_oid in (
            select dependencies.refobjid
            from pg_rewrite as rules
            inner join pg_depend as dependencies
                on rules.oid = dependencies.objid and dependencies.classid = 'pg_rewrite'::regclass
            where rules.ev_class = found.view_oid
        ) as is_read
    from found
    where
        found.table_oid is not null
        and (%(anew)s or found.contracted is distinct from found.built)

),

statements as (

    select
        1 as place,
        format(
            'create or replace view %%s as select %%s from %%I.%%I',
            outdated.view_oid::regclass,
            (
                select string_agg(quote_ident(attributes.attname), ', ' order by attributes.attnum)
                from pg_attribute as attributes
                where attributes.attrelid = outdated.view_oid and attributes.attnum > 0
            ),
            %(other)s::text,
            outdated.name
        ) as statement
    from outdated
    where outdated.is_read

    union all

    select
        2 as place,
        format('drop table %%s', outdated.table_oid::regclass) as statement
    from outdated

)

select statements.statement
from statements
order by statements.place
