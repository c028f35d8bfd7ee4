-- earnings.settle_queued(batch_size)
--
-- Settles the bookings that whoever changed their order could not lock: sessions that wait
-- for a slot, bookings of refunded orders, and rescheduled ones whose payout has failed
-- (R7, R9, R13).  Leaves what others hold.
--
-- Locks     bookings by id, then as earnings.settle_bookings
-- Writes    earnings.settlement_queue, and what earnings.settle_bookings writes

create or replace function earnings.settle_queued(batch_size integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_queue_ids constant bigint[] := array(
        select queue.id
        from earnings.settlement_queue as queue
        order by queue.id
        limit settle_queued.batch_size
    );
    v_chain_ids bigint[];
    v_booking_ids bigint[];
    v_successor_id bigint;
    v_order_ids bigint[];
begin
    with recursive

    chain as (

        select queue.booking_id as id
        from earnings.settlement_queue as queue
        where queue.id = any (v_queue_ids)

        union

        select later.id
        from chain
        inner join public.bookings_booking as later on chain.id = later.rescheduled_from_id

    )

    select array_agg(chain.id) into v_chain_ids from chain;

    select array_agg(locked.id order by locked.id) into v_booking_ids
    from (
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id = any (v_chain_ids)
        order by bookings.id
        for no key update skip locked
    ) as locked;

    delete from earnings.settlement_queue as queue
    where queue.id = any (v_queue_ids)
        and (
            queue.booking_id = any (v_booking_ids)
            or not exists (
                select from public.bookings_booking as bookings where bookings.id = queue.booking_id
            )
        );

    if v_booking_ids is null then
        return;
    end if;

    -- one after the other, so that what was rescheduled twice goes all the way
    for v_successor_id in
        select later.id
        from public.bookings_booking as later
        where later.id = any (v_booking_ids) and later.rescheduled_from_id = any (v_booking_ids)
        order by later.id
    loop
        perform earnings.follow_reschedules(array[v_successor_id]);
    end loop;

    v_order_ids := array(
        select distinct bookings.order_id
        from public.bookings_booking as bookings
        where bookings.id = any (v_booking_ids) and bookings.order_id is not null
    );
    perform earnings.settle_bookings(v_booking_ids, '{}', v_order_ids);
    perform earnings.settle_order_refunds(v_order_ids);
end
$$;

comment on function earnings.settle_queued(integer)
is 'Settles the bookings that whoever changed their order could not lock (R7, R9).';
