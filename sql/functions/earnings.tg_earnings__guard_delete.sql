-- earnings.tg_earnings__guard_delete()
--
-- Lets go of projected rows, and of reversed ones of no net effect, as the app's cascade
-- does; refuses to delete what carries money (R5).  The app deletes the earnings before
-- their booking; whoever writes the booking takes them the other way round (R20), so the
-- delete gives way at once when somebody does.
--
-- Fired by  earnings_100_guard_delete on public.payments_earningstransaction
-- Locks     the booking, without waiting
-- Raises    23X06

create or replace function earnings.tg_earnings__guard_delete()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if old.status not in ('projected', 'reversed') then
        raise exception 'earnings % cannot be deleted while they are %', old.id, old.status
            using
                errcode = '23X06',
                detail = 'Deleting them would falsify a balance.',
                hint = 'Soft-delete the booking and cancel it: its earnings are reversed then.';
    end if;

    perform 1
    from public.bookings_booking as bookings
    where bookings.id = old.booking_id
    for update skip locked;

    if not found and exists (
        select from public.bookings_booking as bookings where bookings.id = old.booking_id
    ) then
        raise exception 'earnings % cannot be deleted now', old.id
            using
                errcode = '23X06',
                detail = format('Booking %s is being written.', old.booking_id),
                hint = 'Delete again in a moment.';
    end if;

    return old;
end
$$;

comment on function earnings.tg_earnings__guard_delete()
is 'Lets go of projected and reversed rows and refuses to delete what carries money (R5).';
