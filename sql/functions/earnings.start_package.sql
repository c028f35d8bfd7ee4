-- earnings.start_package(order_id)
--
-- Creates the session bookings that a package order lacks (bundles sold by the app's earlier
-- version have none): draft, paid, of no amount, without times (R11).  A package's sessions
-- follow the quantities of its relationships, a bundle's take earnings.bundled_service_id.
-- Canceled and rescheduled bookings do not count as present.  Returns the bookings it
-- created; a second call creates none.  For members of earnings_operator.
--
-- Locks     the order
-- Reads     public.services_service, service_relationships, practitioners_practitioner
-- Writes    public.bookings_booking
-- Raises    23X10 not a package with a known number of sessions, or a refunded one,
--           23X13 no such order, 40001 outside read committed only

create or replace function earnings.start_package(order_id bigint)
returns table (booking_id bigint, service_id bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_order public.payments_order;
    v_session_count integer;
    v_present_count integer;
begin
    select orders.* into v_order
    from public.payments_order as orders
    where orders.id = start_package.order_id
    for no key update;

    if not found then
        raise exception 'order % is not known', start_package.order_id
            using errcode = '23X13', detail = 'There is no such order.', hint = 'Check the id.';
    end if;

    -- below its first snapshot this transaction would count the sessions that were there before
    if current_setting('transaction_isolation') <> 'read committed' then
        update public.payments_order as orders
        set id = orders.id
        where orders.id = v_order.id;
    end if;

    v_session_count := (earnings.usable_metadata(v_order.package_metadata) ->> 'total_sessions')::integer;

    if v_order.order_type not in ('package', 'bundle') or v_session_count is null or v_order.status in ('failed', 'refunded') then
        raise exception 'order % has no sessions to create', v_order.id
            using
                errcode = '23X10',
                detail = format('It is a %s order, %s.', v_order.order_type, v_order.status),
                hint = 'Give a package or bundle whose total_sessions is known and that is not failed or refunded.';
    end if;

    v_present_count := (
        select count(*)
        from public.bookings_booking as present
        where present.order_id = v_order.id
            and present.status not in ('canceled', 'rescheduled')
            and not earnings.is_purchase(present)
    );

    return query
    with

    sold as (

        select
            coalesce(relationships.child_service_id, earnings.bundled_service_id(v_order.service_id)) as service_id,
            relationships.place,
            coalesce(relationships.quantity, v_session_count) as session_count
        from public.payments_order as orders
        left join (
            select
                children.child_service_id,
                children.quantity,
                row_number() over (order by children."order", children.id) as place
            from public.service_relationships as children
            where children.parent_service_id = v_order.service_id
                and children.child_service_id is not null
                and children.quantity > 0
                and v_order.package_metadata ->> 'package_type' is distinct from 'bundle'
        ) as relationships on true
        where orders.id = v_order.id

    ),

    missing as (

        select
            sold.service_id,
            sold.place,
            numbers.session_number
        from sold
        cross join lateral generate_series(
            1 + (
                select count(*)
                from public.bookings_booking as present
                where present.order_id = v_order.id
                    and present.service_id = sold.service_id
                    and present.status not in ('canceled', 'rescheduled')
                    and not earnings.is_purchase(present)
            ),
            greatest(sold.session_count, v_session_count)
        ) as numbers (session_number)
        -- what the relationships ask for comes first, what else was sold after it
        order by numbers.session_number > sold.session_count, sold.place, numbers.session_number
        limit greatest(v_session_count - v_present_count, 0)

    )

    insert into public.bookings_booking overriding user value
    select
        (
            jsonb_populate_record(
                null::public.bookings_booking,
                jsonb_build_object(
                    'created_at', now(),
                    'updated_at', now(),
                    'is_deleted', false,
                    'public_uuid', gen_random_uuid(),
                    'timezone', 'UTC',
                    'status', 'draft',
                    'payment_status', 'paid',
                    'price_charged_cents', 0,
                    'discount_amount_cents', 0,
                    'final_amount_cents', 0,
                    'service_name_snapshot', services.name,
                    'service_description_snapshot', coalesce(services.description, ''),
                    'practitioner_name_snapshot', coalesce(practitioners.display_name, ''),
                    'service_duration_snapshot', services.duration_minutes,
                    'package_name_snapshot', '',
                    'bundle_name_snapshot', '',
                    'status_changed_at', now(),
                    'is_package_purchase', false,
                    'is_bundle_purchase', false,
                    'max_participants', coalesce(services.max_participants, 1)
                ) || jsonb_build_object(
                    'practitioner_id', services.primary_practitioner_id,
                    'service_id', services.id,
                    'user_id', v_order.user_id,
                    'metadata', '{}'::jsonb,
                    'order_id', v_order.id
                )
            )
        ).*
    from missing
    inner join public.services_service as services on missing.service_id = services.id
    left join public.practitioners_practitioner as practitioners on services.primary_practitioner_id = practitioners.id
    order by missing.place, missing.session_number
    returning id, bookings_booking.service_id;
end
$$;

comment on function earnings.start_package(bigint)
is 'Creates the session bookings that a package order lacks; returns them (R11).';
