-- The statements that let readers see what was built in a slot, to be run in one transaction.
-- A mart is a view over its table in either slot, of which one row says the current one; so readers
-- see all marts of a build or none, by the snapshot of their own query, and nobody waits.

with

marts as (

    select
        mart.value ->> 'schema' as schema_name,
        mart.value ->> 'name' as name,
        mart.value ->> 'description' as description,
        mart.value -> 'columns' as columns,
        format('%%s.%%s', mart.value ->> 'schema', mart.value ->> 'name') as mart
    from jsonb_array_elements(%(marts)s::jsonb) as mart (value)

),

found as (

    select
        marts.*,
        relations.oid as view_oid,
        coalesce(relations.relkind = 'v', false) as is_view,
        to_regclass(format('%%I.%%I', %(slot)s::text, marts.name)) as built_oid,
        to_regclass(format('%%I.%%I', %(other)s::text, marts.name)) as other_oid
    from marts
    left join pg_class as relations on relations.oid = to_regclass(format('%%I.%%I', marts.schema_name, marts.name))

),

shapes as (

    select
        attributes.attrelid,
        string_agg(
            format('%%I %%s', attributes.attname, format_type(attributes.atttypid, attributes.atttypmod)),
            ', ' order by attributes.attnum
        ) as shape,
        string_agg(quote_ident(attributes.attname), ', ' order by attributes.attnum) as names
    from pg_attribute as attributes
    where attributes.attnum > 0 and not attributes.attisdropped
    group by attributes.attrelid

),

compared as (

    select
        found.*,
        built.names,
        (
            select count(distinct dependencies.refobjid)
            from pg_rewrite as rules
            inner join pg_depend as dependencies
                on rules.oid = dependencies.objid and dependencies.classid = 'pg_rewrite'::regclass
            where
                rules.ev_class = found.view_oid
                and dependencies.refobjid in (found.built_oid, found.other_oid)
        ) = 2 as reads_both,
        coalesce(public.shape = built.shape, false) as is_view_alike,
        coalesce(other.shape = built.shape, false) as is_other_alike
    from found
    inner join shapes as built on found.built_oid = built.attrelid
    left join shapes as other on found.other_oid = other.attrelid
    left join shapes as public on found.view_oid = public.attrelid

),

statements as (

    select
        0 as place,
        format('create schema if not exists %%I', names.schema_name) as statement
    from (
        select compared.schema_name from compared
        union
        select %(other)s::text
    ) as names
    where to_regnamespace(quote_ident(names.schema_name)) is null

    union all

    select
        1 as place,
        format(
            'drop %%s %%s', case when compared.is_view then 'view' else 'table' end, compared.view_oid::regclass
        ) as statement
    from compared
    where compared.view_oid is not null and not (compared.is_view and compared.is_view_alike)

    union all

    select
        1 as place,
        format(
            'create or replace view %%I.%%I as select %%s from %%s',
            compared.schema_name, compared.name, compared.names, compared.built_oid::regclass
        ) as statement
    from compared
    where
        compared.is_view
        and compared.is_view_alike
        and compared.other_oid is not null
        and not compared.is_other_alike

    union all

    select
        2 as place,
        format('drop table %%s', compared.other_oid::regclass) as statement
    from compared
    where compared.other_oid is not null and not compared.is_other_alike

    union all

    select
        3 as place,
        format(
            'create table %%I.%%I (like %%s including all)',
            %(other)s::text, compared.name, compared.built_oid::regclass
        ) as statement
    from compared
    where not compared.is_other_alike

    union all

    select
        4 as place,
        format(
            -- the slot is a column of both halves and not a condition in each: so a reader's order, smallest
            -- and largest are found by the tables' indexes
            'create or replace view %%1$I.%%2$I as '
            'select %%3$s from ('
            'select %%4$L as slot, %%3$s from %%4$I.%%2$I union all select %%5$L as slot, %%3$s from %%5$I.%%2$I'
            ') as slots where slots.slot = ('
            'select published.slot from staging.published_marts as published where published.mart = %%6$L)',
            compared.schema_name, compared.name, compared.names, %(slot)s::text, %(other)s::text, compared.mart
        ) as statement
    from compared
    where not (compared.is_view and compared.reads_both and compared.is_view_alike and compared.is_other_alike)

    union all

    select
        5 as place,
        format('delete from %%I.%%I', %(other)s::text, compared.name) as statement
    from compared
    where %(anew)s

    union all

    select
        6 as place,
        format(
            'comment on view %%I.%%I is %%L', compared.schema_name, compared.name, compared.description
        ) as statement
    from compared

    union all

    select
        6 as place,
        format(
            'comment on column %%I.%%I.%%I is %%L',
            compared.schema_name, compared.name, col.value ->> 'name', col.value ->> 'description'
        ) as statement
    from compared
    cross join jsonb_array_elements(compared.columns) as col (value)

    union all

    select
        7 as place,
        format('grant select on %%I.%%I to earnings_reader', compared.schema_name, compared.name) as statement
    from compared

    union all

    select distinct
        7 as place,
        format('grant usage on schema %%I to earnings_reader', compared.schema_name) as statement
    from compared

    union all

    select
        8 as place,
        format(
            'insert into staging.published_marts (mart, slot) values (%%L, %%L) '
            'on conflict (mart) do update set slot = excluded.slot',
            compared.mart, %(slot)s::text
        ) as statement
    from compared

)

select statements.statement
from statements
order by statements.place
