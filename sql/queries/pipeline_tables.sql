-- How many tables the schema public has; one row.
select count(*) as table_count
from pg_catalog.pg_class
where
    relnamespace = 'public'::regnamespace
    and relkind in ('r', 'p')
