-- bookings_booking.order_id is there, with a foreign key to the orders that holds for every row.

select
    'column' as subject,
    null::bigint as subject_id,
    'bookings_booking.order_id has no valid foreign key to payments_order' as detail
where not exists (
        select
        from pg_catalog.pg_constraint as constraints
        inner join pg_catalog.pg_attribute as columns
            on constraints.conrelid = columns.attrelid and constraints.conkey = array[columns.attnum]
        where constraints.contype = 'f'
            and constraints.conrelid = 'public.bookings_booking'::regclass
            and constraints.confrelid = 'public.payments_order'::regclass
            and columns.attname = 'order_id'
            and constraints.convalidated
    )
