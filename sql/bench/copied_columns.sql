-- The tables of a marketplace that are there: their columns, and how each is copied.
-- shifted: an id of one of these tables; new: a fresh uuid; suffixed: text that has to be unique;
-- listed: JSON that names earnings by their ids; plain: as it is.
select
    columns.attrelid::regclass::text as table_name,
    array_agg(columns.attname::text order by columns.attnum) as names,
    array_agg(
        case
            when columns.atttypid = 'bigint'::regtype
                and (columns.attname = 'id' or columns.attname like '%%\_id')
                and not exists (
                    select
                    from pg_constraint as keys
                    where keys.conrelid = columns.attrelid
                        and keys.contype = 'f'
                        and keys.conkey = array[columns.attnum]
                        and keys.confrelid <> all(copied.ids)
                ) then 'shifted'
            when columns.atttypid = 'uuid'::regtype then 'new'
            when columns.atttypid in ('text'::regtype, 'varchar'::regtype)
                and exists (
                    select
                    from pg_index as indexes
                    where indexes.indrelid = columns.attrelid
                        and indexes.indisunique
                        and indexes.indkey::text = columns.attnum::text
                ) then 'suffixed'
            when columns.attrelid = 'public.payments_earningstransaction'::regclass
                and columns.attname = 'metadata' then 'listed'
            else 'plain'
        end
        order by columns.attnum
    ) as kinds
from (
    select array_agg(to_regclass(names.name)) filter (where to_regclass(names.name) is not null) as ids
    from unnest(%(tables)s::text[]) as names (name)
) as copied
inner join pg_attribute as columns on columns.attrelid = any(copied.ids)
where columns.attnum > 0
    and not columns.attisdropped
    and columns.attgenerated = ''
group by columns.attrelid
order by array_position(%(tables)s::text[], columns.attrelid::regclass::text)
