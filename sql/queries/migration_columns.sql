-- The columns of a table and their types, in order.

select
    attname,
    format_type(atttypid, atttypmod)
from pg_attribute
where attrelid = %(table)s::regclass
    and attnum > 0
    and not attisdropped
order by attnum;
