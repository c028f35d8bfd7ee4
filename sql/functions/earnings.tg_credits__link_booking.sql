-- earnings.tg_credits__link_booking()
--
-- Links a booking to the order of the credit row that pays for it, when the app names the
-- booking on the row: that decides over any earlier guess (R15).
--
-- Fired by  earnings_100_link_booking_insert and _update on public.payments_usercredittransaction
-- Locks     bookings by id, before orders and earnings (R20)
-- Writes    public.bookings_booking

create or replace function earnings.tg_credits__link_booking()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_booking_ids constant bigint[] := array(
        select bookings.id
        from written_credits as written
        inner join public.bookings_booking as bookings on written.booking_id = bookings.id
        where written.transaction_type = 'usage'
            and written.order_id is not null
            and written.order_id is distinct from bookings.order_id
    );
begin
    if cardinality(v_booking_ids) = 0 then
        return null;
    end if;

    perform
    from public.bookings_booking as bookings
    where bookings.id = any (v_booking_ids)
    order by bookings.id
    for no key update;

    update public.bookings_booking as bookings
    set order_id = paying.order_id
    from (
        select distinct on (written.booking_id) written.booking_id, written.order_id
        from written_credits as written
        where written.booking_id = any (v_booking_ids)
            and written.transaction_type = 'usage'
            and written.order_id is not null
        order by written.booking_id, written.id desc
    ) as paying
    where bookings.id = paying.booking_id
        and bookings.order_id is distinct from paying.order_id;

    return null;
end
$$;

comment on function earnings.tg_credits__link_booking()
is 'Links a booking to the order of the credit row that pays for it (R15).';
