-- earnings.settle_bookings(booking_ids, delivery_times, order_ids)
--
-- Brings slots, earnings and session counts in line with bookings that were just
-- written.  delivery_times[i] is when booking_ids[i] was delivered by this very write,
-- null when this write did not complete it.  order_ids are the orders to recount,
-- those that bookings have left included.  The caller holds the bookings' row locks.
--
-- Locks     orders, then earnings, each by id (R20); service sessions of what is projected
-- Reads     public.bookings_booking, payments_order
-- Writes    public.payments_earningstransaction, payments_order (session counts),
--           earnings.package_terms, session_slots, settlement_queue, exceptions

create or replace function earnings.settle_bookings(
    booking_ids bigint[],
    delivery_times timestamptz[],
    order_ids bigint[]
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_slot_order_ids bigint[];
    v_waiting_ids bigint[];
    v_earnings_ids bigint[];
    v_slotted_ids bigint[];
    v_others_ids bigint[];
    v_earning_ids bigint[];
    v_lost_ids bigint[];
    v_delivered_order_ids bigint[];
    v_freed_order_ids bigint[];
    v_is_absent boolean;
    v_is_undelivered boolean;
begin
    perform
    from public.payments_order as orders
    where orders.id = any (settle_bookings.order_ids)
    order by orders.id
    for no key update;

    -- a direct order has no slots, and no count
    v_slot_order_ids := array(
        select affected.id
        from unnest(settle_bookings.order_ids) as affected (id)
        where not exists (
            select
            from public.payments_order as orders
            where orders.id = affected.id
                and orders.order_type not in ('package', 'bundle')
                and orders.package_metadata is null
        )
    );

    v_waiting_ids := array(
        select waiting.id
        from public.bookings_booking as waiting
        where waiting.order_id = any (settle_bookings.order_ids)
            and earnings.is_delivered(waiting)
            and not exists (
                select from earnings.session_slots as slots where slots.booking_id = waiting.id
            )
        order by waiting.id
        for key share skip locked
    );

    v_earnings_ids := array(
        select rows_of_bookings.id
        from public.payments_earningstransaction as rows_of_bookings
        where rows_of_bookings.booking_id = any (settle_bookings.booking_ids || v_waiting_ids)
        order by rows_of_bookings.id
        for no key update
    );

    select
        array_agg(bookings.id order by bookings.id) filter (
            where bookings.status = 'canceled' or (bookings.status = 'no_show' and earnings.setting('no_show_policy') = 'reverse')
        ),
        coalesce(bool_or(bookings.status = 'no_show'), false),
        coalesce(bool_or(bookings.status not in ('canceled', 'completed')), false),
        array_agg(bookings.order_id) filter (where earnings.is_delivered(bookings))
    into v_lost_ids, v_is_absent, v_is_undelivered, v_delivered_order_ids
    from public.bookings_booking as bookings
    where bookings.id = any (settle_bookings.booking_ids);
    if v_lost_ids is not null then
        perform earnings.reverse_earnings(v_lost_ids, 'the booking was canceled, or its client did not come');
    end if;

    -- an UPDATE that finds no row would fire the triggers of earnings all the same
    if v_is_undelivered then
        update public.payments_earningstransaction as undelivered
        set status = 'projected', updated_at = now()
        from public.bookings_booking as bookings
        where undelivered.booking_id = any (settle_bookings.booking_ids)
            and bookings.id = undelivered.booking_id
            and bookings.status <> 'canceled'
            and not earnings.is_delivered(bookings)
            and undelivered.status || '' in ('pending', 'available')
            and earnings.is_delivery(undelivered.transaction_type)
            and not earnings.is_clawed_back(undelivered);
    end if;

    if cardinality(v_slot_order_ids) > 0 then
        v_slotted_ids := earnings.assign_slots(v_slot_order_ids, settle_bookings.booking_ids);
    end if;

    -- a direct order's turn may be another's than the written one's (R7); due_deliveries decides
    if v_waiting_ids is distinct from settle_bookings.booking_ids then
        v_others_ids := array(select unnest(v_waiting_ids) except select unnest(settle_bookings.booking_ids));
        if cardinality(v_others_ids) > 0 then
            v_slotted_ids := array(select unnest(v_slotted_ids) union select unnest(v_others_ids));
        end if;
    end if;

    -- direct orders of which no written booking is delivered: what somebody deletes at this moment
    if settle_bookings.order_ids is distinct from v_delivered_order_ids then
        v_freed_order_ids := array(
            select unnest(settle_bookings.order_ids)
            except
            select unnest(v_slot_order_ids || v_delivered_order_ids)
        );
    end if;
    if cardinality(v_freed_order_ids) > 0 then
        insert into earnings.settlement_queue (booking_id)
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.order_id = any (v_freed_order_ids) and earnings.is_delivered(bookings)
        except
        select unnest(v_waiting_ids);
    end if;

    v_earning_ids := earnings.move_delivered_earnings(
        settle_bookings.booking_ids, settle_bookings.delivery_times, v_slotted_ids
    );

    perform earnings.resolve_delivered(settle_bookings.booking_ids || v_earnings_ids);

    if v_is_absent and earnings.setting('no_show_policy') = 'hold' then
        perform earnings.raise_exception_row('no_show_held', 'booking', absent.id)
        from public.bookings_booking as absent
        where absent.id = any (settle_bookings.booking_ids)
            and absent.status = 'no_show'
            and exists (
                select
                from public.payments_earningstransaction as held
                where held.booking_id = absent.id
                    and held.status in ('projected', 'pending', 'available')
                    and earnings.is_delivery(held.transaction_type)
            );
    end if;

    perform earnings.settle_refunds(settle_bookings.booking_ids || v_earning_ids);

    if exists (
        select
        from public.payments_earningstransaction as held
        -- `|| ''` keeps a plan that knows nothing of the table from the index of all that is projected
        where held.booking_id = any (settle_bookings.booking_ids) and held.status || '' = 'projected'
    ) then
        -- whoever moves a session's end does not see a row that becomes projected meanwhile
        perform
        from public.service_sessions as sessions
        where sessions.id in (
            select bookings.service_session_id
            from public.bookings_booking as bookings
            inner join public.payments_earningstransaction as held on bookings.id = held.booking_id
            where bookings.id = any (settle_bookings.booking_ids) and held.status || '' = 'projected'
        )
        order by sessions.id
        for share;

        update public.payments_earningstransaction as projected
        set available_after = due.available_after
        from public.bookings_booking as bookings
        inner join public.payments_earningstransaction as held on bookings.id = held.booking_id
        cross join lateral (
            select earnings.projected_available_after(bookings, held.created_at) as available_after
        ) as due
        where projected.booking_id = any (settle_bookings.booking_ids)
            and projected.status || '' = 'projected'
            and held.id = projected.id
            and projected.available_after is distinct from due.available_after;
    end if;

    if cardinality(v_slot_order_ids) > 0 then
        update public.payments_order as orders
        -- the guard of the order counts, as on every write
        set package_metadata = orders.package_metadata
        where orders.id in (
            select counted.id
            from public.payments_order as counted
            where counted.id = any (v_slot_order_ids)
                and counted.package_metadata is not null
                and counted.package_metadata -> 'sessions_completed'
                is distinct from to_jsonb(earnings.completed_session_count(counted.id))
        );
    end if;
end
$$;

comment on function earnings.settle_bookings(bigint[], timestamptz[], bigint[])
is 'Brings slots, earnings and session counts in line with bookings that were just written.';
