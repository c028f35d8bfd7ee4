-- earnings.stored_purchase(booking_id)
--
-- What earnings.is_purchase says, of a stored booking, as one row: for queries over many, which
-- take it into their plan where the other is a call a row.  So it has no search_path of its own; every
-- caller pins it.
--
-- Reads     public.bookings_booking, earnings.purchase_bookings

create or replace function earnings.stored_purchase(booking_id bigint)
returns table (is_purchase boolean)
language sql
stable
rows 1
as $$
    select coalesce(is_package_purchase or is_bundle_purchase, false)
        or exists (
            select
            from earnings.purchase_bookings
            where purchase_bookings.booking_id = stored_purchase.booking_id
            offset 0
        )
    from public.bookings_booking as bookings
    -- a column that contract has dropped is this one, which is null
    natural left join (
        select null::boolean as is_package_purchase, null::boolean as is_bundle_purchase
        where false
    ) as dropped
    where bookings.id = stored_purchase.booking_id;
$$;

comment on function earnings.stored_purchase(bigint)
is 'One row: true for a stored legacy parent booking, which is a purchase and not an appointment.';
