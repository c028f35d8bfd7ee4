-- earnings.tg_service_sessions__move_holds()
--
-- Moves the hold of projected earnings with the end of their service session (R4):
-- a workshop's own, or any of a course's.
--
-- Fired by  earnings_900_move_holds on public.service_sessions
-- Locks     earnings by id
-- Writes    public.payments_earningstransaction (available_after)

create or replace function earnings.tg_service_sessions__move_holds()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    with

    moved as (

        select new_sessions.id, new_sessions.service_id
        from new_sessions
        inner join old_sessions on new_sessions.id = old_sessions.id
        where new_sessions.end_time is distinct from old_sessions.end_time

    ),

    projected as (

        select
            rows_of_bookings.id,
            earnings.projected_available_after(bookings, rows_of_bookings.created_at) as available_after
        from public.bookings_booking as bookings
        inner join public.payments_earningstransaction as rows_of_bookings
            on bookings.id = rows_of_bookings.booking_id
        where rows_of_bookings.status = 'projected'
            and (
                bookings.service_session_id in (select moved.id from moved)
                or bookings.service_id in (select moved.service_id from moved)
            )
        order by rows_of_bookings.id
        for no key update of rows_of_bookings

    )

    update public.payments_earningstransaction as rows_of_bookings
    set available_after = projected.available_after
    from projected
    where rows_of_bookings.id = projected.id
        and rows_of_bookings.available_after is distinct from projected.available_after;

    return null;
end
$$;

comment on function earnings.tg_service_sessions__move_holds()
is 'Moves the hold of projected earnings with the end of their service session (R4).';
