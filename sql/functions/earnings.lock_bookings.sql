-- earnings.lock_bookings(booking_ids)
--
-- Locks bookings by id before their earnings are decided (R6, R20).  In a transaction that
-- keeps its first snapshot the lock alone would let the other side decide by what it saw
-- before: there the rows are written as well, so that one of the two gets a serialization
-- error.
--
-- Locks     the bookings, for no key update
-- Raises    40001 outside read committed only

create or replace function earnings.lock_bookings(booking_ids bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
    from public.bookings_booking as bookings
    where bookings.id = any (lock_bookings.booking_ids)
    order by bookings.id
    for no key update;

    if current_setting('transaction_isolation') <> 'read committed' then
        update public.bookings_booking as bookings
        set id = bookings.id
        where bookings.id = any (lock_bookings.booking_ids);
    end if;
end
$$;

comment on function earnings.lock_bookings(bigint[])
is 'Locks bookings by id before their earnings are decided (R6, R20).';
