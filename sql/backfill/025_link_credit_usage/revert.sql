-- Takes the links away that this step found.  Renamed ones stay under their old name, and
-- go with the new column when expand is reverted.

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
            credit_usage_transaction_id = (reverting.before ->> 'credit_usage_transaction_id')::bigint,
            payment_transaction_id = (reverting.before ->> 'payment_transaction_id')::bigint
        from reverting
        where reverting.row_id = bookings.id
        and reverting.reason = 'credit_usage_found';
    else
        update bookings_booking as bookings
        set credit_usage_transaction_id = (reverting.before ->> 'credit_usage_transaction_id')::bigint
        from reverting
        where reverting.row_id = bookings.id
        and reverting.reason = 'credit_usage_found';
    end if;
end
$$;
