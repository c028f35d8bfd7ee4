-- earnings.is_purchase(booking)
--
-- True for a legacy parent booking: a purchase, not an appointment.  Contract drops the
-- flags; earnings.purchase_bookings stays.  For a row that is not stored yet; queries over
-- many stored ones ask earnings.stored_purchase.
--
-- Reads     earnings.purchase_bookings

create or replace function earnings.is_purchase(booking public.bookings_booking)
returns boolean
language sql
stable
-- asked last: of the bookings that whatever else is asked has left
cost 1000
set search_path = pg_catalog, pg_temp
as $$
    -- a column that contract has dropped is looked for outside, where it is null
    select coalesce(
        (
            select (
                select is_package_purchase or is_bundle_purchase
                from (select (is_purchase.booking).*) as known
            )
            from (select null::boolean as is_package_purchase, null::boolean as is_bundle_purchase) as dropped
        ),
        false
    )
        or exists (
            select from earnings.purchase_bookings
            where purchase_bookings.booking_id = booking.id
        );
$$;

comment on function earnings.is_purchase(public.bookings_booking)
is 'True for a legacy parent booking: a purchase, not an appointment.';
