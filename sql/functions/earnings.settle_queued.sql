-- earnings.settle_queued(batch_size)
--
-- Settles the bookings that whoever changed their order could not lock: sessions that wait
-- for a slot, and bookings of refunded orders (R7, R9).  Leaves what others hold.
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
    v_booking_ids bigint[];
begin
    select array_agg(queued.id order by queued.id) into v_booking_ids
    from (
        select bookings.id
        from earnings.settlement_queue as queue
        inner join public.bookings_booking as bookings on queue.booking_id = bookings.id
        order by bookings.id
        limit settle_queued.batch_size
        for no key update of bookings skip locked
    ) as queued;

    delete from earnings.settlement_queue as queue
    where queue.booking_id = any (v_booking_ids)
        or not exists (
            select from public.bookings_booking as bookings where bookings.id = queue.booking_id
        );

    if v_booking_ids is not null then
        perform earnings.settle_bookings(
            v_booking_ids,
            '{}',
            array(
                select distinct bookings.order_id
                from public.bookings_booking as bookings
                where bookings.id = any (v_booking_ids) and bookings.order_id is not null
            )
        );
    end if;
end
$$;

comment on function earnings.settle_queued(integer)
is 'Settles the bookings that whoever changed their order could not lock (R7, R9).';
