-- earnings.assign_slots(order_ids, written_ids)
--
-- Frees the slots of sessions that are no longer delivered, and gives each delivered
-- session of these package orders the lowest free slot, the one that has waited longest
-- first (R7).  A no-show loses its slot only when it is among the written bookings, so that
-- a new policy does not reach back (R12).  A booking that is paid and not clawed back keeps
-- its slot, and its successor takes none: the slot would be paid twice.  Freezes the terms
-- with the first delivery.  A session that finds no slot is an exception.  Returns the
-- bookings that got one.  The caller holds the orders' row locks.
--
-- Reads     public.bookings_booking, payments_order, payments_earningstransaction
-- Writes    earnings.package_terms, session_slots, settlement_queue, exceptions

create or replace function earnings.assign_slots(order_ids bigint[], written_ids bigint[])
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_waiting_ids bigint[];
    v_shared_ids bigint[];
    v_skipped_ids bigint[];
    v_unfrozen_ids bigint[];
    v_slotted_ids bigint[];
    v_slotless_ids bigint[];
begin
    v_unfrozen_ids := array(
        select orders.id
        from public.payments_order as orders
        where orders.id = any (assign_slots.order_ids)
            and orders.order_type in ('package', 'bundle')
            and not exists (select from earnings.package_terms as terms where terms.order_id = orders.id)
    );
    if cardinality(v_unfrozen_ids) > 0 then
        insert into earnings.package_terms (
            order_id, price_cents, session_count, currency, prepaid_cents, prepaid_practitioner_id
        )
        select
            orders.id,
            greatest(earnings.package_price_cents(orders), 0),
            (orders.package_metadata ->> 'total_sessions')::integer,
            orders.currency,
            coalesce(prepaid.gross_amount_cents, 0),
            prepaid.practitioner_id
        from public.payments_order as orders
        left join lateral (
            select
                sum(paid.gross_amount_cents)::integer as gross_amount_cents,
                min(paid.practitioner_id) as practitioner_id
            from public.bookings_booking as purchases
            cross join lateral earnings.stored_purchase(purchases.id) as sold
            cross join lateral (
                select rows_of.gross_amount_cents, rows_of.practitioner_id
                from public.payments_earningstransaction as rows_of
                where rows_of.booking_id = purchases.id and rows_of.status || '' = 'paid'
                offset 0
            ) as paid
            where purchases.order_id = orders.id and sold.is_purchase
        ) as prepaid on true
        where orders.id = any (v_unfrozen_ids)
            and earnings.usable_metadata(orders.package_metadata) ? 'total_sessions'
            and exists (
                select
                from public.bookings_booking as bookings
                cross join lateral earnings.stored_purchase(bookings.id) as sold
                where bookings.order_id = orders.id
                    and earnings.is_delivered(bookings)
                    and not sold.is_purchase
            )
        order by orders.id
        on conflict (order_id) do nothing;
    end if;

    delete from earnings.session_slots as slots
    where slots.order_id = any (assign_slots.order_ids)
        and not exists (
            select
            from public.bookings_booking as bookings
            where bookings.id = slots.booking_id
                and bookings.order_id = slots.order_id
                and (
                    (
                        earnings.is_delivered(bookings)
                        and not exists (
                            select
                            from public.bookings_booking as later
                            where later.rescheduled_from_id = bookings.id
                            offset 0
                        )
                    )
                    or (bookings.status = 'no_show' and not bookings.id = any (assign_slots.written_ids))
                    or earnings.keeps_slot(bookings)
                )
        );

    v_waiting_ids := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.order_id = any (assign_slots.order_ids)
            and earnings.is_delivered(bookings)
            and not exists (
                select from earnings.session_slots as slots where slots.booking_id = bookings.id
                offset 0
            )
    );

    -- A slot brings earnings, whose foreign key asks at commit for a share of the booking.  A full
    -- save that waits for the order's lock holds its booking; it settles itself when it gets there.
    v_shared_ids := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id = any (v_waiting_ids)
        order by bookings.id
        for key share skip locked
    );
    v_skipped_ids := array(select unnest(v_waiting_ids) except select unnest(v_shared_ids));

    with

    waiting as materialized (

        select
            bookings.order_id,
            bookings.id as booking_id,
            bookings.practitioner_id,
            row_number() over (
                partition by bookings.order_id order by bookings.completed_at, bookings.id
            ) as place
        from public.bookings_booking as bookings
        cross join lateral earnings.stored_purchase(bookings.id) as sold
        inner join public.payments_order as orders on bookings.order_id = orders.id
        where bookings.id = any (v_shared_ids)
            and orders.order_type in ('package', 'bundle')
            and earnings.is_delivered(bookings)
            and not sold.is_purchase
            and (bookings.rescheduled_from_id is null or not earnings.was_paid_before(bookings.id))
            and bookings.id not in (select earnings.earned_elsewhere(v_shared_ids))

    ),

    free as (

        select
            untaken.*,
            row_number() over (partition by untaken.order_id order by untaken.slot_number) as place
        from earnings.free_slots(array(select distinct waiting.order_id from waiting)) as untaken

    ),

    matched as (

        select
            waiting.order_id,
            waiting.booking_id,
            free.slot_number,
            free.amount_cents,
            free.refunded_cents,
            free.amount_cents - free.refunded_cents as earning_cents,
            waiting.practitioner_id is not distinct from terms.prepaid_practitioner_id as is_of_payee,
            terms.prepaid_cents - (
                select coalesce(sum(slots.prepaid_cents), 0)
                from earnings.session_slots as slots
                where slots.order_id = waiting.order_id
            ) as prepaid_left_cents
        from waiting
        inner join free on waiting.order_id = free.order_id and waiting.place = free.place
        inner join earnings.package_terms as terms on waiting.order_id = terms.order_id

    ),

    netted as (

        select
            matched.*,
            case
                when matched.is_of_payee then greatest(
                    0,
                    least(
                        matched.earning_cents,
                        matched.prepaid_left_cents - coalesce(
                            sum(matched.earning_cents) filter (where matched.is_of_payee) over (
                                partition by matched.order_id
                                order by matched.slot_number
                                rows between unbounded preceding and 1 preceding
                            ),
                            0
                        )
                    )
                )
                else 0
            end as prepaid_cents
        from matched

    ),

    taken as (

        insert into earnings.session_slots (
            order_id, slot_number, booking_id, amount_cents, prepaid_cents, refunded_cents
        )
        select order_id, slot_number, booking_id, amount_cents, prepaid_cents, refunded_cents
        from netted
        returning booking_id

    )

    select
        array(select taken.booking_id from taken),
        array(
            select waiting.booking_id from waiting
            except
            select taken.booking_id from taken
        )
    into v_slotted_ids, v_slotless_ids;

    if cardinality(v_slotted_ids) > 0 then
        update earnings.exceptions as open
        set resolved_at = clock_timestamp(), resolved_by = 'engine', resolution = 'the session has a slot now'
        where open.kind = 'session_without_slot'
            and open.subject = 'booking'
            and open.subject_id = any (v_slotted_ids)
            and open.resolved_at is null;

        perform earnings.raise_exception_row(
            'delivered_after_expiry', 'booking', slots.booking_id, jsonb_build_object('order_id', slots.order_id)
        )
        from earnings.session_slots as slots
        inner join earnings.breakage as expired on slots.order_id = expired.order_id
        where slots.booking_id = any (v_slotted_ids);
    end if;

    if cardinality(v_skipped_ids) > 0 then
        insert into earnings.settlement_queue (booking_id)
        select bookings.id
        from public.bookings_booking as bookings
        cross join lateral earnings.stored_purchase(bookings.id) as sold
        where bookings.id = any (v_skipped_ids)
            and not sold.is_purchase
            and exists (select from earnings.package_terms as terms where terms.order_id = bookings.order_id)
        order by bookings.id;
    end if;

    if cardinality(v_slotless_ids) > 0 then
        perform earnings.raise_exception_row(
            case when terms.order_id is null then 'package_without_sessions' else 'session_without_slot' end,
            case when terms.order_id is null then 'order' else 'booking' end,
            case when terms.order_id is null then bookings.order_id else bookings.id end,
            jsonb_build_object('order_id', bookings.order_id, 'booking_id', bookings.id)
        )
        from public.bookings_booking as bookings
        left join earnings.package_terms as terms on bookings.order_id = terms.order_id
        where bookings.id = any (v_slotless_ids);
    end if;

    return v_slotted_ids;
end
$$;

comment on function earnings.assign_slots(bigint[], bigint[])
is 'Frees the slots of sessions no longer delivered and gives delivered ones the lowest free slot (R7).';
