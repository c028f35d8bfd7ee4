-- Indexes of these tables that no constraint needs: what drops each, and what brings it back.
select
    format('drop index %%s', indexes.indexrelid::regclass) as dropped,
    pg_get_indexdef(indexes.indexrelid) as restored
from pg_index as indexes
where indexes.indrelid in (
        select to_regclass(names.name)
        from unnest(%(tables)s::text[]) as names (name)
    )
    and not exists (select from pg_constraint as keys where keys.conindid = indexes.indexrelid)
