-- earnings.correct_booking(booking_id, status, reason)
--
-- Undoes a delivery that did not take place, or makes one good (R14): gives a booking a
-- status that no save of the app could, and lets its earnings, slot and count follow.  For
-- members of earnings_operator.
--
-- Locks     the booking, then as any booking write
-- Writes    public.bookings_booking, earnings.corrections
-- Raises    23X13 no such booking

create or replace function earnings.correct_booking(booking_id bigint, status text, reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_was text;
begin
    select bookings.status into v_was
    from public.bookings_booking as bookings
    where bookings.id = correct_booking.booking_id
    for no key update;

    if not found then
        raise exception 'booking % is not known', correct_booking.booking_id
            using errcode = '23X13', detail = 'There is no such booking.', hint = 'Check the id.';
    end if;

    perform earnings.record_correction(
        'booking',
        correct_booking.booking_id,
        'R14',
        jsonb_build_object('status', v_was),
        jsonb_build_object('status', correct_booking.status),
        correct_booking.reason
    );
    perform set_config('earnings.reason', correct_booking.reason, true);

    update public.bookings_booking as bookings
    set
        status = correct_booking.status,
        completed_at = case when correct_booking.status = 'completed' then coalesce(bookings.completed_at, now()) end,
        canceled_at = case when correct_booking.status = 'canceled' then coalesce(bookings.canceled_at, now()) end,
        updated_at = now()
    where bookings.id = correct_booking.booking_id;

    perform set_config('earnings.reason', '', true);
end
$$;

comment on function earnings.correct_booking(bigint, text, text)
is 'Undoes a delivery that did not take place, or makes one good; earnings, slot and count follow (R14).';
