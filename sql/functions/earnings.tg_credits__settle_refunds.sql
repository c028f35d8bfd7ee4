-- earnings.tg_credits__settle_refunds()
--
-- Lets earnings follow refund credit rows: of a booking, or of an order as a whole (R9).
-- Never refuses: the client has the money back already (R3).  It waits for the booking that was
-- credited and for no other: whoever deletes a booking has written those that it was rescheduled
-- to before.  What others hold is left to the next job.
--
-- Fired by  earnings_900_settle_refunds_insert and _update on public.payments_usercredittransaction
-- Locks     bookings, orders, then earnings, each by id (R20)
-- Writes    earnings.settlement_queue, and what earnings.settle_refunds writes

create or replace function earnings.tg_credits__settle_refunds()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_order_ids bigint[];
    v_touched_ids bigint[];
    v_booking_ids bigint[];
begin
    if not exists (
        select from written_credits as written where written.transaction_type = 'refund' and written.amount_cents > 0
    ) then
        return null;
    end if;

    select array_agg(distinct orders.id) into v_order_ids
    from written_credits as written
    left join public.bookings_booking as bookings on written.booking_id = bookings.id
    inner join public.payments_order as orders on coalesce(bookings.order_id, written.order_id) = orders.id
    where written.transaction_type = 'refund' and written.amount_cents > 0;

    with recursive

    -- what is left of a booking may lie on any that it was rescheduled to: a paid one keeps its earnings
    chain as (

        select written.booking_id as id
        from written_credits as written
        where written.transaction_type = 'refund' and written.booking_id is not null

        union

        select later.id
        from chain
        inner join public.bookings_booking as later on chain.id = later.rescheduled_from_id

    ),

    touched as (

        select chain.id
        from chain

        union

        select bookings.id
        from written_credits as written
        inner join public.payments_order as orders on written.order_id = orders.id
        inner join public.bookings_booking as bookings on orders.id = bookings.order_id
        where written.transaction_type = 'refund'
            and written.booking_id is null
            and orders.order_type not in ('package', 'bundle')

    )

    select array_agg(touched.id) into v_touched_ids
    from touched;

    perform
    from public.bookings_booking as bookings
    where bookings.id in (
        select written.booking_id from written_credits as written where written.transaction_type = 'refund'
    )
    order by bookings.id
    for no key update;

    v_booking_ids := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id = any (v_touched_ids)
        order by bookings.id
        for no key update skip locked
    );

    -- held already: in other isolation levels they are written as well
    perform earnings.lock_bookings(v_booking_ids);

    insert into earnings.settlement_queue (booking_id)
    select skipped.id
    from unnest(v_touched_ids) as skipped (id)
    where not skipped.id = any (v_booking_ids);

    perform
    from public.payments_order as orders
    where orders.id = any (v_order_ids)
    order by orders.id
    for no key update;

    perform
    from public.payments_earningstransaction as rows_of
    where rows_of.booking_id = any (v_booking_ids)
    order by rows_of.id
    for no key update;

    perform earnings.settle_refunds(v_booking_ids);
    perform earnings.settle_order_refunds(v_order_ids);

    return null;
end
$$;

comment on function earnings.tg_credits__settle_refunds()
is 'Lets earnings follow refund credit rows, of a booking or of an order as a whole (R9).';
