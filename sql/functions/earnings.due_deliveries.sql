-- earnings.due_deliveries(booking_ids, delivery_times)
--
-- One row per delivered booking that earns, with what it earns in cents: a package
-- session the part of its slot that no paid purchase nets and no refund has used up, null
-- when nothing is left; a direct booking its price (R5).  Left out: purchases, sessions
-- without a slot, legacy children whose order is not known yet, what was paid before a
-- reschedule (R13), and a direct order's second booking: of several that are delivered and have
-- earned nothing yet the one that has waited longest is due (R7).
-- The low row estimate keeps callers on the index of earnings by booking.
--
-- Reads     public.bookings_booking, payments_order, services_service, earnings.session_slots

create or replace function earnings.due_deliveries(
    booking_ids bigint[],
    delivery_times timestamptz[]
)
returns table (
    booking_id bigint,
    practitioner_id bigint,
    service_id bigint,
    service_name text,
    delivered_at timestamptz,
    is_session boolean,
    slot_amount_cents integer,
    gross_amount_cents integer,
    currency text
)
language plpgsql
volatile
rows 10
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    return query
    with

    delivered as (

        select
            bookings.id as booking_id,
            bookings.practitioner_id,
            bookings.service_id,
            services.name::text as service_name,
            coalesce(written.delivered_at, bookings.completed_at, now()) as delivered_at,
            bookings.completed_at,
            orders.id as order_id,
            is_of_package.answer as is_session,
            slots.amount_cents as slot_amount_cents,
            case
                when is_of_package.answer
                    then nullif(
                        slots.amount_cents - slots.prepaid_cents - slots.refunded_cents,
                        case when slots.prepaid_cents > 0 then 0 end
                    )
                else bookings.price_charged_cents
            end as gross_amount_cents,
            orders.currency::text as currency,
            count(*) over (partition by orders.id) as order_count
        from unnest(due_deliveries.booking_ids, due_deliveries.delivery_times) as written (booking_id, delivered_at)
        inner join public.bookings_booking as bookings on written.booking_id = bookings.id
        inner join public.services_service as services on bookings.service_id = services.id
        cross join lateral earnings.stored_purchase(bookings.id) as sold
        left join public.payments_order as orders on bookings.order_id = orders.id
        left join earnings.session_slots as slots on bookings.id = slots.booking_id
        cross join lateral (
            select coalesce(orders.order_type in ('package', 'bundle'), false) as answer
        ) as is_of_package
        where earnings.is_delivered(bookings)
            and not sold.is_purchase
            -- hashed whatever the plan knows; `not exists` may become a loop within a loop
            and bookings.id not in (select earnings.earned_elsewhere(due_deliveries.booking_ids))
            and (bookings.rescheduled_from_id is null or not earnings.was_paid_before(bookings.id))
            and (bookings.order_id is not null or to_jsonb(bookings) ->> 'parent_booking_id' is null)
            and (slots.booking_id is not null or not is_of_package.answer)

    ),

    in_turn as (

        select
            delivered.*,
            row_number() over (
                partition by delivered.order_id order by delivered.completed_at, delivered.booking_id
            ) as place
        from delivered
        where delivered.order_count = 1
            or delivered.is_session
            or not exists (
                select
                from public.payments_earningstransaction as existing
                where existing.booking_id = delivered.booking_id
                    and existing.status <> 'projected'
                    and earnings.is_delivery(existing.transaction_type)
                    and not earnings.waited_for_slot(existing)
            )

    )

    select
        in_turn.booking_id,
        in_turn.practitioner_id,
        in_turn.service_id,
        in_turn.service_name,
        in_turn.delivered_at,
        in_turn.is_session,
        in_turn.slot_amount_cents,
        in_turn.gross_amount_cents,
        in_turn.currency
    from in_turn
    where in_turn.place = 1
        or in_turn.is_session
        or in_turn.order_id is null;
end
$$;

comment on function earnings.due_deliveries(bigint[], timestamptz[])
is 'One row per delivered booking that earns, with what it earns in cents (R5, R7).';
