-- What of the tables named in %(tables)s slows a bulk load down: plain indexes and foreign keys.
-- Each with the statement that drops it and the one that brings it back, as the catalog words them.

select
    format('drop index %%s', pg_index.indexrelid::regclass) as dropped,
    pg_get_indexdef(pg_index.indexrelid) as restored
from pg_catalog.pg_index
where pg_index.indrelid = any(%(tables)s::regclass[])
    and not exists (
        select from pg_catalog.pg_constraint
        where pg_constraint.conindid = pg_index.indexrelid
            and pg_constraint.contype in ('p', 'u', 'x')
    )

union all

select
    format(
        'alter table %%s drop constraint %%I',
        pg_constraint.conrelid::regclass, pg_constraint.conname
    ) as dropped,
    format(
        'alter table %%s add constraint %%I %%s',
        pg_constraint.conrelid::regclass, pg_constraint.conname,
        pg_get_constraintdef(pg_constraint.oid)
    ) as restored
from pg_catalog.pg_constraint
where pg_constraint.contype = 'f'
    and pg_constraint.conrelid = any(%(tables)s::regclass[])
