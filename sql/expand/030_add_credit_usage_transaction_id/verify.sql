-- The column bookings_booking.credit_usage_transaction_id, where it is missing.

select
    'bookings_booking' as subject,
    null::bigint as subject_id,
    'column credit_usage_transaction_id is missing' as offence
where not exists (
        select
        from pg_attribute
        where attrelid = 'public.bookings_booking'::regclass
            and attname = 'credit_usage_transaction_id'
            and not attisdropped
    )
