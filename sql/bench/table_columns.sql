-- The columns of a table, in its order, and those of its primary key.
select
    array_agg(columns.attname::text order by columns.attnum) as names,
    array_agg(columns.attname::text order by columns.attnum) filter (
        where columns.attnum = any(keys.indkey::int2[])
    ) as key_names
from pg_attribute as columns
inner join pg_index as keys on columns.attrelid = keys.indrelid and keys.indisprimary
where columns.attrelid = %(table)s::regclass
    and columns.attnum > 0
    and not columns.attisdropped
    and columns.attgenerated = ''
