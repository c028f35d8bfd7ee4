-- earnings.reverse_booking(booking_id, reason)
--
-- Takes away what a booking earns, as a person decided: what is unpaid is reversed, what is
-- paid is clawed back once (R9).  The booking stays as it is, and a delivered one keeps its
-- slot.  Safe to run twice.  For members of earnings_operator.
--
-- Locks     the booking, its order, then its earnings by id
-- Writes    public.payments_earningstransaction, and what earnings.settle_bookings writes
-- Raises    23X13 no such booking

create or replace function earnings.reverse_booking(booking_id bigint, reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_order_ids bigint[];
begin
    perform earnings.lock_bookings(array[reverse_booking.booking_id]);

    select array_remove(array[bookings.order_id], null) into v_order_ids
    from public.bookings_booking as bookings
    where bookings.id = reverse_booking.booking_id;

    if not found then
        raise exception 'booking % is not known', reverse_booking.booking_id
            using errcode = '23X13', detail = 'There is no such booking.', hint = 'Check the id.';
    end if;

    perform
    from public.payments_order as orders
    where orders.id = any (v_order_ids)
    for no key update;

    perform
    from public.payments_earningstransaction as rows_of
    where rows_of.booking_id = reverse_booking.booking_id
    order by rows_of.id
    for no key update;

    perform set_config('earnings.reason', reverse_booking.reason, true);
    perform earnings.reverse_earnings(array[reverse_booking.booking_id], reverse_booking.reason);
    perform earnings.settle_bookings(array[reverse_booking.booking_id], '{}', v_order_ids);
    perform set_config('earnings.reason', '', true);
end
$$;

comment on function earnings.reverse_booking(bigint, text)
is 'Takes away what a booking earns, as a person decided: unpaid is reversed, paid is clawed back once (R9).';
