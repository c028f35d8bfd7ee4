select
    pg_class.relname as table_name,
    pg_attribute.attname as column_name,
    pg_catalog.format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type,
    case when pg_attribute.attnotnull then 'NO' else 'YES' end as nullable,
    case when pg_attribute.attidentity = 'd' then 'YES' else 'NO' end as identity
from pg_catalog.pg_attribute
inner join pg_catalog.pg_class on pg_attribute.attrelid = pg_class.oid
where pg_class.relnamespace = 'public'::regnamespace
    and pg_class.relkind = 'r'
    and pg_attribute.attnum > 0
    and not pg_attribute.attisdropped
order by pg_class.relname, pg_attribute.attnum
