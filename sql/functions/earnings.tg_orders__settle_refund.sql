-- earnings.tg_orders__settle_refund()
--
-- Lets earnings follow an order that was refunded as a whole (R9), and gives the sessions of a
-- package that wait its slots once their number is known, or the order is no longer refunded
-- (R7).  Whoever completes a booking holds it and waits for this order: such a booking is left
-- to the next job, not waited for (R20).  Never refuses (R3).
--
-- Fired by  earnings_900_settle_refund on public.payments_order
-- Locks     earnings by id
-- Writes    public.payments_earningstransaction, earnings.settlement_queue, exceptions

create or replace function earnings.tg_orders__settle_refund()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_booking_ids bigint[];
begin
    if new.order_type in ('package', 'bundle') then
        if new.status is distinct from old.status then
            perform earnings.settle_order_refunds(array[new.id]);
        end if;
        insert into earnings.settlement_queue (booking_id)
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.order_id = new.id
            and earnings.is_delivered(bookings)
            and (
                (old.status = 'refunded' and new.status <> 'refunded')
                or (
                    new.package_metadata ? 'total_sessions'
                    and not coalesce(old.package_metadata ? 'total_sessions', false)
                )
            )
            and not exists (select from earnings.session_slots as slots where slots.booking_id = bookings.id);
        return null;
    end if;

    v_booking_ids := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.order_id = new.id
        order by bookings.id
        for key share skip locked
    );

    insert into earnings.settlement_queue (booking_id)
    select bookings.id
    from public.bookings_booking as bookings
    where bookings.order_id = new.id and not bookings.id = any (v_booking_ids);

    perform
    from public.payments_earningstransaction as rows_of
    where rows_of.booking_id = any (v_booking_ids)
    order by rows_of.id
    for no key update;

    perform earnings.settle_refunds(v_booking_ids);

    return null;
end
$$;

comment on function earnings.tg_orders__settle_refund()
is 'Lets earnings follow an order that was refunded as a whole (R9).';
