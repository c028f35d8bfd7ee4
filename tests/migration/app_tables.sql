-- The schema of the app's tables, as text: one line per column, constraint, index and trigger.

select concat_ws(
    ' ',
    'column',
    columns.attrelid::regclass,
    columns.attnum,
    columns.attname,
    format_type(columns.atttypid, columns.atttypmod),
    columns.attnotnull,
    columns.atthasdef
)
from pg_attribute as columns
inner join pg_class as tables on columns.attrelid = tables.oid
where tables.relkind = 'r'
    and tables.relnamespace = 'public'::regnamespace
    and columns.attnum > 0
    and not columns.attisdropped

union all

select concat_ws(
    ' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)
)
from pg_constraint
where connamespace = 'public'::regnamespace

union all

select concat_ws(' ', 'index', indexdef)
from pg_indexes
where schemaname = 'public'

union all

select concat_ws(' ', 'trigger', tgrelid::regclass, tgname)
from pg_trigger
inner join pg_class on pg_trigger.tgrelid = pg_class.oid
where not tgisinternal and relnamespace = 'public'::regnamespace

order by 1
