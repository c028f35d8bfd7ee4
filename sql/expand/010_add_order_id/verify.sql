-- The column bookings_booking.order_id, where it is missing.

select
    'bookings_booking' as subject,
    null::bigint as subject_id,
    'column order_id is missing' as offence
where not exists (
        select
        from pg_attribute
        where attrelid = 'public.bookings_booking'::regclass
            and attname = 'order_id'
            and not attisdropped
    )
