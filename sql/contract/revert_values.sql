-- Writes the kept values back into the columns; runs as earnings_migrator.

do $$
begin
    update public.bookings_booking as bookings
    set (parent_booking_id, is_package_purchase, is_bundle_purchase) = (
        select
            written.parent_booking_id,
            written.is_package_purchase,
            written.is_bundle_purchase
        from jsonb_populate_record(bookings, kept.dropped_values) as written
    )
    from earnings_migration.kept_bookings as kept
    where kept.booking_id = bookings.id;

    if exists (
        select
        from pg_attribute
        where attrelid = 'public.bookings_booking'::regclass
            and attname = 'payment_transaction_id'
            and not attisdropped
    ) then
        update public.bookings_booking as bookings
        set payment_transaction_id = bookings.credit_usage_transaction_id
        where bookings.credit_usage_transaction_id is not null;
    end if;
end
$$;
