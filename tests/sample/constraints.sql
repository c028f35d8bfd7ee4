select
    conrelid::regclass::text as table_name,
    contype::text as kind,
    pg_catalog.pg_get_constraintdef(oid) as definition
from pg_catalog.pg_constraint
where connamespace = 'public'::regnamespace
    and contype in ('p', 'u', 'f', 'c')
