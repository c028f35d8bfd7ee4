-- What slows a bulk load of the app's tables down: plain indexes and foreign keys.
-- Each with the statement that drops it and the one that brings it back, as the catalog words them.

select
    pg_class.relname as table_name,
    format('drop index %s', pg_index.indexrelid::regclass) as dropped,
    pg_catalog.pg_get_indexdef(pg_index.indexrelid) as restored
from pg_catalog.pg_index
inner join pg_catalog.pg_class on pg_index.indrelid = pg_class.oid
where pg_class.relnamespace = 'public'::regnamespace
    and not exists (
        select
        from pg_catalog.pg_constraint
        where pg_constraint.conindid = pg_index.indexrelid
            and pg_constraint.contype in ('p', 'u', 'x')
    )

union all

select
    pg_class.relname as table_name,
    format('alter table %s drop constraint %I', pg_class.oid::regclass, pg_constraint.conname) as dropped,
    format(
        'alter table %s add constraint %I %s',
        pg_class.oid::regclass, pg_constraint.conname, pg_catalog.pg_get_constraintdef(pg_constraint.oid)
    ) as restored
from pg_catalog.pg_constraint
inner join pg_catalog.pg_class on pg_constraint.conrelid = pg_class.oid
where pg_class.relnamespace = 'public'::regnamespace
    and pg_constraint.contype = 'f'
