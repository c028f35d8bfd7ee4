-- The index bookings_booking_open_idx, where it is not there and valid.

select
    'bookings_booking' as subject,
    null::bigint as subject_id,
    'index bookings_booking_open_idx is missing' as offence
where not exists (
        select
        from pg_index as indexes
        inner join pg_class as relations on indexes.indexrelid = relations.oid
        where indexes.indrelid = 'public.bookings_booking'::regclass
            and indexes.indisvalid
            and relations.relname = 'bookings_booking_open_idx'
    )
