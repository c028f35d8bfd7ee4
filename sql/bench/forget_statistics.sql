-- What the planner knows straight after a bulk load: nothing.
delete from pg_statistic
where
    starelid in (
        select relations.oid
        from pg_class as relations
        where relations.relnamespace in ('public'::regnamespace, 'earnings'::regnamespace)
    );

update pg_class
set reltuples = -1, relpages = 0, relallvisible = 0
where relnamespace in ('public'::regnamespace, 'earnings'::regnamespace) and relkind in ('r', 'i')
