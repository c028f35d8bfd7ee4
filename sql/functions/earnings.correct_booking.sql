-- earnings.correct_booking(booking_id, status, reason)
--
-- Undoes a delivery that did not take place, or makes one good (R14): gives a booking a
-- status that no save of the app could, and lets its earnings, slot and count follow.  Asked
-- again, it changes nothing.  For members of earnings_operator.
--
-- Locks     the booking, then as any booking write
-- Writes    public.bookings_booking, earnings.corrections
-- Raises    23X07 no status of a booking, 23X13 no such booking

create or replace function earnings.correct_booking(booking_id bigint, status text, reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_was text;
    -- one spelling, as the guard of the app's writes has it (R9)
    v_status constant text := case when correct_booking.status = 'cancelled' then 'canceled' else correct_booking.status end;
    v_known constant text[] := array[
        'draft', 'pending_payment', 'confirmed', 'scheduled', 'in_progress', 'completed', 'canceled', 'no_show', 'rescheduled'
    ];
begin
    if v_status is null or v_status <> all (v_known) then
        raise exception 'a booking cannot become %', v_status
            using
                errcode = '23X07',
                detail = 'No rule knows this status of a booking.',
                hint = format('Use one of %s.', array_to_string(v_known, ', '));
    end if;

    select bookings.status into v_was
    from public.bookings_booking as bookings
    where bookings.id = correct_booking.booking_id
    for no key update;

    if not found then
        raise exception 'booking % is not known', correct_booking.booking_id
            using errcode = '23X13', detail = 'There is no such booking.', hint = 'Check the id.';
    end if;

    if v_was is distinct from v_status then
        perform earnings.record_correction(
            'booking',
            correct_booking.booking_id,
            'R14',
            jsonb_build_object('status', v_was),
            jsonb_build_object('status', v_status),
            correct_booking.reason
        );
    end if;
    perform set_config('earnings.reason', correct_booking.reason, true);

    update public.bookings_booking as bookings
    set
        status = v_status,
        completed_at = case when v_status = 'completed' then coalesce(bookings.completed_at, now()) end,
        canceled_at = case when v_status = 'canceled' then coalesce(bookings.canceled_at, now()) end,
        updated_at = now()
    where bookings.id = correct_booking.booking_id;

    perform set_config('earnings.reason', '', true);
end
$$;

comment on function earnings.correct_booking(bigint, text, text)
is 'Undoes a delivery that did not take place, or makes one good; earnings, slot and count follow (R14).';
