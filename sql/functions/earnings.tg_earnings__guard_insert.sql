-- earnings.tg_earnings__guard_insert()
--
-- Decides how earnings that the app offers are stored (R2 to R6, R10): by what its
-- booking is now, under the booking's lock, not by the status offered.
--
--   purchase booking            reversed, with the reason
--   canceled booking            reversed
--   delivered booking           pending, from the delivery; refused when it earns already
--   not delivered               projected, from the appointment's end
--   rescheduled booking         for the booking it was rescheduled to (R13)
--   partly refunded             the same, with an adjustment beside it (earnings_700)
--   adjustment                  as its unpaid original, else available (R2)
--   mirror row (reversal)       a clawback of what was paid, once; else reversed (R9)
--   bonus, clawback             available
--
-- Fired by  earnings_100_guard_insert on public.payments_earningstransaction
-- Locks     the booking, after the one it was rescheduled to; for a mirror row its earnings by id
-- Raises    23X01 a bonus or clawback that is not available, 23X04 the booking earns
--           already, 23X07 a status that no rule knows
-- Writes    earnings.corrections, settlement_queue

create or replace function earnings.tg_earnings__guard_insert()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_hold constant interval := earnings.setting('hold')::interval;
    v_offered constant jsonb := to_jsonb(new);
    v_stored jsonb;
    v_booking public.bookings_booking;
    v_order public.payments_order;
    v_slot earnings.session_slots;
    v_successor_id bigint;
    v_session_count integer;
    v_original public.payments_earningstransaction;
    v_clawback record;
    v_reason text;
begin
    if earnings.is_delivery(new.transaction_type) then
        loop
            v_successor_id := earnings.last_successor(new.booking_id);
            -- the later one first: whoever deletes a booking has written its successor before
            if v_successor_id <> new.booking_id then
                perform earnings.lock_bookings(array[v_successor_id]);
            end if;
            perform earnings.lock_bookings(array[new.booking_id]);
            exit when v_successor_id is not distinct from earnings.last_successor(new.booking_id);
        end loop;
        new.booking_id := v_successor_id;
    else
        perform earnings.lock_bookings(array[new.booking_id]);
    end if;

    select bookings.* into v_booking
    from public.bookings_booking as bookings
    where bookings.id = new.booking_id;

    if new.transaction_type = 'reversal' then
        perform
        from public.payments_earningstransaction as rows_of
        where rows_of.booking_id = new.booking_id
        order by rows_of.id
        for no key update;

        select due.* into v_clawback
        from earnings.due_clawbacks(new.booking_id) as due
        where due.practitioner_id = new.practitioner_id and due.currency = new.currency;

        if found then
            new.transaction_type := 'clawback';
            new.status := 'available';
            new.available_after := now();
            new.gross_amount_cents := v_clawback.gross_amount_cents;
            new.commission_rate := v_clawback.commission_rate;
            new.commission_amount_cents := v_clawback.commission_amount_cents;
            new.metadata := coalesce(new.metadata, '{}') || jsonb_build_object('original_ids', v_clawback.original_ids);
            v_reason := 'paid earnings stay paid and are clawed back';
            perform earnings.queue_kept_slot(new.booking_id);
        else
            new.status := 'reversed';
            v_reason := 'there is nothing paid to claw back';
        end if;
    end if;

    new.status := earnings.known_status(new);

    if new.transaction_type = 'adjustment' then
        select originals.* into v_original
        from public.payments_earningstransaction as originals
        where originals.booking_id = new.booking_id
            and originals.status in ('projected', 'pending', 'available')
            and earnings.is_delivery(originals.transaction_type);
        new.status := coalesce(v_original.status, 'available');
        new.available_after := coalesce(v_original.available_after, new.available_after, now());
        if v_original.id is not null then
            new.metadata := coalesce(new.metadata, '{}')
                || jsonb_build_object('original_ids', jsonb_build_array(v_original.id));
            v_reason := 'an adjustment stands as its unpaid original';
        end if;
    elsif new.transaction_type in ('bonus', 'clawback') and new.status <> 'available' then
        raise exception 'a % cannot be %', new.transaction_type, new.status
            using
                errcode = '23X01',
                detail = 'It waits for no delivery.',
                hint = 'Insert it as available.';
    end if;

    if earnings.is_delivery(new.transaction_type) and v_booking.id is not null then
        if exists (
            select
            from public.payments_earningstransaction as live
            where live.booking_id = new.booking_id
                and live.status <> 'reversed'
                and earnings.is_delivery(live.transaction_type)
        ) then
            raise exception 'booking % cannot earn twice', new.booking_id
                using
                    errcode = '23X04',
                    detail = 'It has a live delivery row already.',
                    hint = 'Nothing is to be done: the booking earns already.';
        end if;

        select orders.* into v_order from public.payments_order as orders where orders.id = v_booking.order_id;

        if v_order.order_type in ('package', 'bundle') then
            select slots.* into v_slot from earnings.session_slots as slots where slots.booking_id = v_booking.id;
            v_session_count := (v_order.package_metadata ->> 'total_sessions')::integer;
            new.gross_amount_cents := coalesce(
                v_slot.amount_cents - v_slot.prepaid_cents - v_slot.refunded_cents,
                earnings.package_price_cents(v_order) / v_session_count,
                new.gross_amount_cents
            );
            new.commission_amount_cents := earnings.commission_cents(new.commission_rate, new.gross_amount_cents);
        end if;
        new.currency := coalesce(v_order.currency, new.currency);

        if earnings.is_purchase(v_booking) then
            new.status := 'reversed';
            v_reason := 'a purchase earns nothing, its sessions do';
        elsif v_booking.status = 'canceled' then
            new.status := 'reversed';
            v_reason := 'the booking is canceled';
        elsif earnings.is_delivered(v_booking) and v_order.order_type in ('package', 'bundle') and v_slot.booking_id is null then
            new.status := 'reversed';
            v_reason := 'the session found no slot';
        elsif v_booking.rescheduled_from_id is not null and earnings.was_paid_before(v_booking.id) then
            new.status := 'reversed';
            v_reason := 'the booking it was rescheduled from is paid';
        elsif v_booking.status = 'no_show' and earnings.setting('no_show_policy') = 'reverse' then
            new.status := 'reversed';
            v_reason := 'the client did not come, and the policy is to reverse';
        elsif earnings.is_delivered(v_booking) and exists (select from earnings.earned_elsewhere(array[v_booking.id])) then
            new.status := 'reversed';
            v_reason := 'the order earns through another booking';
        elsif exists (
            select
            from public.payments_earningstransaction as earlier
            where earlier.booking_id = v_booking.id
                and earlier.status = 'reversed'
                and earnings.is_delivery(earlier.transaction_type)
                and not earnings.waited_for_slot(earlier)
        ) then
            new.status := 'reversed';
            v_reason := 'what was reversed does not come back';
        elsif not earnings.is_delivered(v_booking)
            and v_order.order_type in ('package', 'bundle')
            and earnings.refunded_order_cents(v_order) > 0
            and not exists (select from earnings.free_slots(array[v_order.id]))
        then
            new.status := 'reversed';
            v_reason := 'the package is refunded, and none of its sessions is left';
        elsif earnings.is_delivered(v_booking) then
            new.status := 'pending';
            new.available_after := coalesce(v_booking.completed_at, now()) + v_hold;
            v_reason := 'the booking is delivered';
        else
            new.status := 'projected';
            new.available_after := earnings.projected_available_after(v_booking, new.created_at);
            v_reason := 'the booking is not delivered yet';
        end if;
    end if;

    new.net_amount_cents := new.gross_amount_cents - new.commission_amount_cents;
    -- a payout takes available rows, none that has just been made
    new.payout_id := null;

    v_stored := to_jsonb(new);
    if v_stored is distinct from v_offered then
        perform earnings.record_correction(
            'earnings',
            new.id,
            'R3',
            earnings.changed_keys(v_offered, v_stored),
            earnings.changed_keys(v_stored, v_offered),
            coalesce(v_reason, 'net is gross minus commission, and no payout has taken a new row')
        );
    end if;

    return new;
end
$$;

comment on function earnings.tg_earnings__guard_insert()
is 'Decides how earnings that the app offers are stored, by what their booking is now (R2 to R6, R10).';
