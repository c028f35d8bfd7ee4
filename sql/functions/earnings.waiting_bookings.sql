-- earnings.waiting_bookings(order_ids, written_ids)
--
-- The delivered bookings of these direct orders that were not written and earn nothing: another
-- earns in their place, and one of them may earn now when that one was canceled, undone or
-- deleted (R7).  What somebody deletes at this moment is queued.  The caller holds the orders'
-- row locks.
--
-- Locks     the bookings, for key share, skipping what others hold
-- Reads     public.bookings_booking, payments_order, payments_earningstransaction
-- Writes    earnings.settlement_queue

create or replace function earnings.waiting_bookings(order_ids bigint[], written_ids bigint[])
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_waiting_ids constant bigint[] := array(
        select bookings.id
        from public.payments_order as orders
        inner join public.bookings_booking as bookings on orders.id = bookings.order_id
        where orders.id = any (waiting_bookings.order_ids)
            and orders.order_type not in ('package', 'bundle')
            and not bookings.id = any (waiting_bookings.written_ids)
            and earnings.is_delivered(bookings)
            and not exists (
                select
                from public.payments_earningstransaction as earned
                where earned.booking_id = bookings.id
                    and earned.status in ('pending', 'available', 'paid')
                    and earnings.is_delivery(earned.transaction_type)
            )
        order by bookings.id
    );
    v_shared_ids bigint[];
begin
    if cardinality(v_waiting_ids) = 0 then
        return v_waiting_ids;
    end if;

    v_shared_ids := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id = any (v_waiting_ids)
        order by bookings.id
        for key share skip locked
    );

    insert into earnings.settlement_queue (booking_id)
    select waiting.id
    from unnest(v_waiting_ids) as waiting (id)
    where not waiting.id = any (v_shared_ids)
    order by waiting.id;

    return v_shared_ids;
end
$$;

comment on function earnings.waiting_bookings(bigint[], bigint[])
is 'The delivered bookings of direct orders in whose place another earns (R7).';
