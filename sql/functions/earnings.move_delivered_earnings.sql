-- earnings.move_delivered_earnings(booking_ids, delivery_times, slotted_ids)
--
-- Moves the projected earnings of delivered bookings to pending, with the hold from the
-- delivery (R4) and, for package sessions, the amount of their slot (R7); then creates
-- what is missing (R6).  slotted_ids are sessions that have just got a slot, and what waits for
-- its direct order (R7).
-- The move comes first and the insert in a later statement, so that a conflict never
-- loses a completion.  The caller holds the locks.  Returns the bookings whose earnings it
-- moved or created.
--
-- Reads     public.bookings_booking, payments_order, earnings.session_slots
-- Writes    public.payments_earningstransaction, earnings.exceptions

create or replace function earnings.move_delivered_earnings(
    booking_ids bigint[],
    delivery_times timestamptz[],
    slotted_ids bigint[]
)
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
    v_hold constant interval := earnings.setting('hold')::interval;
    -- unnest pads the shorter array: who waited for a slot has no delivery time
    v_booking_ids constant bigint[] := move_delivered_earnings.booking_ids || array(
        select unnest(move_delivered_earnings.slotted_ids)
        except
        select unnest(move_delivered_earnings.booking_ids)
    );
    v_moved_ids bigint[];
    v_missing_ids bigint[];
    v_missing_times timestamptz[];
    v_earning_ids bigint[];
    v_left_ids bigint[];
begin
    -- an UPDATE that finds no row would fire the triggers of earnings all the same
    if exists (
        select
        from public.payments_earningstransaction as projected
        where projected.booking_id = any (v_booking_ids)
            and projected.status || '' = 'projected'
            and earnings.is_delivery(projected.transaction_type)
    ) then
        with

        delivered as (

            select
                due.booking_id,
                due.delivered_at,
                due.gross_amount_cents,
                due.is_session,
                earnings.commission_cents(projected.commission_rate, due.gross_amount_cents) as commission_cents,
                projected.id as earnings_id
            from earnings.due_deliveries(v_booking_ids, move_delivered_earnings.delivery_times) as due
            -- by its index for each due row: found by the array, it would be compared with every one
            inner join public.payments_earningstransaction as projected on due.booking_id = projected.booking_id
            where projected.status || '' = 'projected'
                and earnings.is_delivery(projected.transaction_type)

        ),

        moved as (

            update public.payments_earningstransaction as moved
            set
                status = case when delivered.is_session and delivered.gross_amount_cents is null then 'reversed' else 'pending' end,
                available_after = delivered.delivered_at + v_hold,
                gross_amount_cents = case
                    when delivered.is_session then coalesce(delivered.gross_amount_cents, moved.gross_amount_cents)
                    else moved.gross_amount_cents
                end,
                commission_amount_cents = case
                    when delivered.is_session then coalesce(delivered.commission_cents, moved.commission_amount_cents)
                    else moved.commission_amount_cents
                end,
                net_amount_cents = case
                    when delivered.is_session
                        then coalesce(delivered.gross_amount_cents - delivered.commission_cents, moved.net_amount_cents)
                    else moved.net_amount_cents
                end,
                updated_at = now()
            from delivered
            where moved.id = delivered.earnings_id
            returning moved.booking_id

        )

        select array_agg(moved.booking_id) into v_moved_ids from moved;
    end if;

    select array_agg(written.booking_id), array_agg(written.delivered_at)
    into v_missing_ids, v_missing_times
    from unnest(v_booking_ids, move_delivered_earnings.delivery_times) as written (booking_id, delivered_at)
    where not exists (
        select
        from public.payments_earningstransaction as existing
        where existing.booking_id = written.booking_id
            and earnings.is_delivery(existing.transaction_type)
            and (existing.status <> 'reversed' or not earnings.waited_for_slot(existing))
    );

    if v_missing_ids is not null then
        with

        created as (

            insert into public.payments_earningstransaction (
                created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents,
                net_amount_cents, status, available_after, currency, description, transaction_type,
                external_fees, metadata, booking_id, practitioner_id, payout_id
            )
            select
                now(),
                now(),
                missing.gross_amount_cents,
                missing.commission_rate,
                missing.commission_cents,
                missing.gross_amount_cents - missing.commission_cents,
                case when missing.is_prepaid then 'reversed' else 'pending' end,
                missing.delivered_at + v_hold,
                missing.currency,
                'Earnings for ' || missing.service_name,
                'booking_completion',
                '{}',
                case
                    when missing.is_prepaid then jsonb_build_object('reversed_because', 'the purchase was already paid out')
                    else '{}'
                end,
                missing.booking_id,
                missing.practitioner_id,
                null
            from (
                select
                    due.booking_id,
                    due.practitioner_id,
                    due.delivered_at,
                    due.service_name,
                    due.is_session and due.gross_amount_cents is null as is_prepaid,
                    coalesce(due.gross_amount_cents, due.slot_amount_cents) as gross_amount_cents,
                    coalesce(due.currency, earnings.setting('currency')) as currency,
                    rates.commission_rate,
                    earnings.commission_cents(
                        rates.commission_rate, coalesce(due.gross_amount_cents, due.slot_amount_cents)
                    ) as commission_cents
                from earnings.due_deliveries(v_missing_ids, v_missing_times) as due
                cross join lateral (
                    select earnings.commission_rate(due.practitioner_id, due.service_id, due.delivered_at) as commission_rate
                    -- asked once a row, and not once for each column that it goes into
                    offset 0
                ) as rates
                order by due.booking_id
            ) as missing
            on conflict do nothing
            returning booking_id

        )

        select array_agg(created.booking_id) into v_earning_ids from created;
    end if;

    v_left_ids := array(
        select unnest(move_delivered_earnings.booking_ids)
        except
        select unnest(v_moved_ids || v_earning_ids)
    );

    if cardinality(v_left_ids) > 0 then
        perform earnings.raise_exception_row(
            case when earnings.was_paid_before(bookings.id) then 'reschedule_already_paid' else 'order_earns_already' end,
            'booking',
            bookings.id,
            jsonb_build_object('order_id', bookings.order_id)
        )
        from public.bookings_booking as bookings
        where bookings.id = any (v_left_ids)
            and earnings.is_delivered(bookings)
            and not exists (
                select
                from public.payments_earningstransaction as existing
                where existing.booking_id = bookings.id
                    and existing.status <> 'projected'
                    and earnings.is_delivery(existing.transaction_type)
            )
            and (
                earnings.was_paid_before(bookings.id)
                or bookings.id in (select earnings.earned_elsewhere(v_left_ids))
            );
    end if;

    if cardinality(move_delivered_earnings.slotted_ids) > 0 then
        update earnings.exceptions as open
        set resolved_at = clock_timestamp(), resolved_by = 'engine', resolution = 'the booking earns now'
        where open.kind = 'order_earns_already'
            and open.subject = 'booking'
            and open.subject_id = any (v_moved_ids || v_earning_ids)
            and open.resolved_at is null;
    end if;

    if v_earning_ids is not null then
        perform earnings.raise_exception_row('duplicate_commission_rate', 'service_type', rates.service_type_id)
        from (
            select services.service_type_id
            from public.bookings_booking as bookings
            inner join public.services_service as services on bookings.service_id = services.id
            inner join public.service_type_commissions as commissions
                on services.service_type_id = commissions.service_type_id
            where bookings.id = any (v_earning_ids) and commissions.is_active
            group by services.service_type_id
            having count(distinct commissions.id) > 1
            order by services.service_type_id
        ) as rates;
    end if;

    return v_moved_ids || v_earning_ids;
end
$$;

comment on function earnings.move_delivered_earnings(bigint[], timestamptz[], bigint[])
is 'Moves the projected earnings of delivered bookings to pending and creates what is missing (R4, R6, R7).';
