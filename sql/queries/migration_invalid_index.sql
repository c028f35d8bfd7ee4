-- The index of that name, if a build that died has left it invalid.

select relations.relname
from pg_index as indexes
inner join pg_class as relations on indexes.indexrelid = relations.oid
where relations.oid = to_regclass('public.' || %(name)s)
    and not indexes.indisvalid;
