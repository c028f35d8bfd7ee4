-- earnings.tg_service_sessions__move_holds()
--
-- Moves the hold of projected earnings with the end of their service session (R4):
-- a workshop's own, or any of a course's, also when a session is added or taken away.
-- Whoever holds earnings may be waiting for the session: such bookings, and those whose
-- earnings are still to come, are left to the next job (R20).
--
-- Fired by  earnings_900_move_holds_insert, _update and _delete on public.service_sessions
-- Locks     earnings by id
-- Writes    public.payments_earningstransaction (available_after), earnings.settlement_queue

create or replace function earnings.tg_service_sessions__move_holds()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_session_ids bigint[];
    v_service_ids bigint[];
    v_booking_ids bigint[];
begin
    if tg_op = 'UPDATE' then
        -- the app saves a session at each sign-up: only a moved end concerns earnings
        select array_agg(written.id), array_agg(written.service_id) || array_agg(previous.service_id)
        into v_session_ids, v_service_ids
        from written_sessions as written
        inner join previous_sessions as previous on written.id = previous.id
        where (written.end_time, written.service_id) is distinct from (previous.end_time, previous.service_id);
    else
        select array_agg(written.id), array_agg(written.service_id)
        into v_session_ids, v_service_ids
        from written_sessions as written;
    end if;

    if v_session_ids is null then
        return null;
    end if;

    select array_agg(bookings.id) into v_booking_ids
    from public.bookings_booking as bookings
    where bookings.status <> 'canceled'
        -- whoever keeps its first snapshot does not see a delivery that was undone meanwhile
        and (bookings.status <> 'completed' or current_setting('transaction_isolation') <> 'read committed')
        and (
            bookings.service_session_id = any (v_session_ids)
            or bookings.service_id = any (v_service_ids)
        );

    with

    projected as (

        select
            rows_of_bookings.id,
            rows_of_bookings.booking_id,
            earnings.projected_available_after(bookings, rows_of_bookings.created_at) as available_after
        from public.payments_earningstransaction as rows_of_bookings
        inner join public.bookings_booking as bookings on rows_of_bookings.booking_id = bookings.id
        where rows_of_bookings.booking_id = any (v_booking_ids)
            and rows_of_bookings.status = 'projected'
        order by rows_of_bookings.id
        for no key update of rows_of_bookings skip locked

    ),

    moved as (

        update public.payments_earningstransaction as rows_of_bookings
        set available_after = projected.available_after
        from projected
        where rows_of_bookings.id = projected.id
            and rows_of_bookings.available_after is distinct from projected.available_after

    )

    insert into earnings.settlement_queue (booking_id)
    select left_over.id
    from unnest(v_booking_ids) as left_over (id)
    where not left_over.id in (select projected.booking_id from projected)
    order by left_over.id;

    return null;
end
$$;

comment on function earnings.tg_service_sessions__move_holds()
is 'Moves the hold of projected earnings with the end of their service session (R4).';
