-- earnings.due_deliveries(booking_ids, delivery_times)
--
-- One row per delivered booking that earns, with what it earns in cents: a package
-- session the part of its slot that no paid purchase nets and no refund has used up, null
-- when nothing is left; a direct booking its price (R5).  Left out: purchases, sessions
-- without a slot, legacy children whose order is not known yet, what was paid before a
-- reschedule (R13), and a direct order's second booking (R7).
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
as $$
begin
    return query
    select
        bookings.id,
        bookings.practitioner_id,
        bookings.service_id,
        services.name::text,
        coalesce(written.delivered_at, bookings.completed_at, now()),
        coalesce(orders.order_type in ('package', 'bundle'), false),
        slots.amount_cents,
        case
            when coalesce(orders.order_type in ('package', 'bundle'), false)
                then nullif(
                    slots.amount_cents - slots.prepaid_cents - slots.refunded_cents,
                    case when slots.prepaid_cents > 0 then 0 end
                )
            else bookings.price_charged_cents
        end,
        orders.currency::text
    from unnest(due_deliveries.booking_ids, due_deliveries.delivery_times) as written (booking_id, delivered_at)
    inner join public.bookings_booking as bookings on written.booking_id = bookings.id
    inner join public.services_service as services on bookings.service_id = services.id
    left join public.payments_order as orders on bookings.order_id = orders.id
    left join earnings.session_slots as slots on bookings.id = slots.booking_id
    where earnings.is_delivered(bookings)
        and not earnings.is_purchase(bookings)
        and not earnings.earns_elsewhere(bookings.id)
        and (bookings.rescheduled_from_id is null or not earnings.was_paid_before(bookings.id))
        and (bookings.order_id is not null or to_jsonb(bookings) ->> 'parent_booking_id' is null)
        and (slots.booking_id is not null or not coalesce(orders.order_type in ('package', 'bundle'), false));
end
$$;

comment on function earnings.due_deliveries(bigint[], timestamptz[])
is 'One row per delivered booking that earns, with what it earns in cents (R5, R7).';
