-- earnings.settle_queued(batch_size)
--
-- Settles the bookings that whoever changed their order could not lock: sessions that wait
-- for a slot, bookings of refunded orders, and rescheduled ones whose payout has failed
-- (R7, R9, R13).  A booking goes with those it was rescheduled to, or not at all: whatever
-- others hold, a booking or its order, is left to the next job.
--
-- Locks     bookings, then orders, by id, skipping what others hold; then as
--           earnings.settle_bookings
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
    v_root_ids bigint[];
    v_chain_ids bigint[];
    v_locked_ids bigint[];
    v_taken_ids bigint[];
    v_booking_ids bigint[];
    v_successor_id bigint;
    v_order_ids bigint[];
begin
    with recursive

    chain as (

        select
            queue.booking_id as root_id,
            queue.booking_id as id
        from earnings.settlement_queue as queue
        where queue.id = any (v_queue_ids)

        union

        select
            chain.root_id,
            later.id
        from chain
        inner join public.bookings_booking as later on chain.id = later.rescheduled_from_id

    )

    select
        array_agg(chain.root_id),
        array_agg(chain.id)
    into v_root_ids, v_chain_ids
    from chain;

    v_locked_ids := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id = any (v_chain_ids)
        order by bookings.id
        for no key update skip locked
    );

    v_order_ids := array(
        select orders.id
        from public.payments_order as orders
        where orders.id in (
            select bookings.order_id from public.bookings_booking as bookings where bookings.id = any (v_locked_ids)
        )
        order by orders.id
        for no key update skip locked
    );

    v_taken_ids := array(
        select chain.root_id
        from unnest(v_root_ids, v_chain_ids) as chain (root_id, id)
        left join public.bookings_booking as bookings on chain.id = bookings.id
        group by chain.root_id
        having bool_and(
            bookings.id is null
            or (
                bookings.id = any (v_locked_ids)
                and (bookings.order_id is null or bookings.order_id = any (v_order_ids))
            )
        )
    );

    delete from earnings.settlement_queue as queue
    where queue.id = any (v_queue_ids) and queue.booking_id = any (v_taken_ids);

    v_booking_ids := array(
        select distinct chain.id
        from unnest(v_root_ids, v_chain_ids) as chain (root_id, id)
        where chain.root_id = any (v_taken_ids) and chain.id = any (v_locked_ids)
        order by chain.id
    );

    if cardinality(v_booking_ids) = 0 then
        return;
    end if;

    -- one after the other, so that what was rescheduled twice goes all the way; of two successors
    -- of one booking the newer counts
    for v_successor_id in
        select max(later.id) as id
        from public.bookings_booking as later
        where later.id = any (v_booking_ids) and later.rescheduled_from_id = any (v_booking_ids)
        group by later.rescheduled_from_id
        order by id
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
