-- One row per column that the engine's triggers read and that expand has not added yet.
select
    needed.table_name,
    needed.column_name
from (
    values
    ('bookings_booking', 'order_id'),
    ('payments_order', 'package_metadata')
) as needed (table_name, column_name)
where not exists (
        select
        from pg_attribute as columns
        where
            columns.attrelid = to_regclass('public.' || needed.table_name)
            and columns.attname = needed.column_name
            and not columns.attisdropped
    )
order by needed.table_name, needed.column_name;
