-- earnings.tg_bookings__settle_update()
--
-- Settles bookings that are or were delivered, were canceled or not attended (R12),
-- changed their order or their appointment.  A save that leaves `completed` as it is takes
-- the order's lock all the same (R20 a); anything else is left alone.
--
-- Fired by  earnings_900_settle_update on public.bookings_booking

create or replace function earnings.tg_bookings__settle_update()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_booking_ids bigint[];
    v_delivery_times timestamptz[];
    v_order_ids bigint[];
    v_rescheduled_ids bigint[];
    v_successor_ids bigint[];
begin
    -- The plan of a session's first write serves all later ones.  A full join is never a nested
    -- loop, so a write of one row does not make the next, of a million, quadratic.  Most saves end
    -- here: it costs a third of asking whom they concern.
    if not exists (
        select
        from new_bookings
        full join old_bookings on new_bookings.id = old_bookings.id
        where (
            new_bookings.status, new_bookings.completed_at, new_bookings.order_id, new_bookings.end_time,
            new_bookings.service_session_id
        ) is distinct from (
            old_bookings.status, old_bookings.completed_at, old_bookings.order_id, old_bookings.end_time,
            old_bookings.service_session_id
        )
            or (
                new_bookings.status = 'completed'
                and new_bookings.updated_at is distinct from old_bookings.updated_at
            )
    ) then
        return null;
    end if;

    with

    paired as materialized (

        select
            new_bookings.id,
            new_bookings.status,
            new_bookings.completed_at,
            new_bookings.order_id,
            old_bookings.id as was_id,
            old_bookings.status as was_status,
            old_bookings.completed_at as was_completed_at,
            old_bookings.order_id as was_order_id,
            new_bookings.updated_at is distinct from old_bookings.updated_at as is_saved,
            (new_bookings.end_time, new_bookings.service_session_id)
            is distinct from (old_bookings.end_time, old_bookings.service_session_id) as is_moved
        from new_bookings
        full join old_bookings on new_bookings.id = old_bookings.id

    ),

    written as (

        select
            paired.*,
            paired.order_id is distinct from paired.was_order_id as has_changed_order,
            (
                'completed' in (paired.status, paired.was_status)
                -- an update() of something else: no delivery is touched, and its writer may hold the order
                and (
                    paired.is_saved
                    or (paired.status, paired.completed_at) is distinct from (paired.was_status, paired.was_completed_at)
                )
            )
            -- a canceled booking may still hold the slot that it was paid for, and its refunds are
            -- the order's as long as it is canceled
            or (
                paired.status <> paired.was_status
                and (
                    'canceled' in (paired.status, paired.was_status)
                    or 'no_show' in (paired.status, paired.was_status)
                )
            ) as concerns_order
        from paired
        where paired.id is not null and paired.was_id is not null

    )

    select
        array_agg(written.id order by written.id),
        array_agg(
            case
                when written.status = 'no_show' and written.was_status <> 'no_show' then now()
                when written.status = 'completed' and written.was_status <> 'completed'
                    then case
                        when written.completed_at is distinct from written.was_completed_at
                            then least(written.completed_at, now())
                        else now()
                    end
            end
            order by written.id
        ),
        array_agg(distinct written.order_id) filter (
            where written.order_id is not null and (written.concerns_order or written.has_changed_order)
        )
        || array_agg(distinct written.was_order_id) filter (
            where written.was_order_id is not null and written.has_changed_order
        ),
        array_agg(written.id) filter (where written.status = 'rescheduled' and written.was_status = 'completed')
    into v_booking_ids, v_delivery_times, v_order_ids, v_rescheduled_ids
    from written
    where written.concerns_order or written.has_changed_order or written.is_moved;

    if v_booking_ids is null then
        return null;
    end if;

    if v_rescheduled_ids is not null then
        select array_agg(later.id order by later.id)
        into v_successor_ids
        from public.bookings_booking as later
        where later.rescheduled_from_id = any (v_rescheduled_ids);
    end if;

    if v_successor_ids is not null then
        perform earnings.follow_reschedules(v_successor_ids);
    end if;

    perform earnings.settle_bookings(v_booking_ids, v_delivery_times, coalesce(v_order_ids, '{}'));

    return null;
end
$$;

comment on function earnings.tg_bookings__settle_update()
is 'Settles bookings that are or were delivered, were canceled, changed their order or their appointment.';
