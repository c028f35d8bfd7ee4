-- Writes what plan.sql planned, under both names where the table has both.

do $$
begin
    if exists (
        select
        from pg_attribute
        where attrelid = 'bookings_booking'::regclass
            and attname = 'payment_transaction_id'
            and not attisdropped
    ) then
        update bookings_booking as bookings
        set
            credit_usage_transaction_id = (planned.after ->> 'credit_usage_transaction_id')::bigint,
            payment_transaction_id = (planned.after ->> 'payment_transaction_id')::bigint
        from planned
        where planned.row_id = bookings.id;
    else
        update bookings_booking as bookings
        set credit_usage_transaction_id = (planned.after ->> 'credit_usage_transaction_id')::bigint
        from planned
        where planned.row_id = bookings.id;
    end if;
end
$$;
