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
    v_successor_ids bigint[];
begin
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
        )
    into v_booking_ids, v_delivery_times
    from (
        select
            new_bookings.id,
            new_bookings.status,
            new_bookings.completed_at,
            old_bookings.status as was_status,
            old_bookings.completed_at as was_completed_at
        from new_bookings
        inner join old_bookings on new_bookings.id = old_bookings.id
        where (
            'completed' in (new_bookings.status, old_bookings.status)
            -- an update() of something else: no delivery is touched, and its writer may hold the order
            and (new_bookings.status, new_bookings.completed_at, new_bookings.updated_at)
            is distinct from (old_bookings.status, old_bookings.completed_at, old_bookings.updated_at)
        )
            or (
                new_bookings.status <> old_bookings.status
                and (
                    'canceled' in (new_bookings.status, old_bookings.status)
                    or 'no_show' in (new_bookings.status, old_bookings.status)
                )
            )
            or (new_bookings.order_id is distinct from old_bookings.order_id)
            or (new_bookings.end_time is distinct from old_bookings.end_time)
            or (new_bookings.service_session_id is distinct from old_bookings.service_session_id)
    ) as written;

    if v_booking_ids is null then
        return null;
    end if;

    select array_agg(distinct affected.order_id)
    into v_order_ids
    from (
        select new_bookings.order_id
        from new_bookings
        inner join old_bookings on new_bookings.id = old_bookings.id
        where (
            'completed' in (new_bookings.status, old_bookings.status)
            -- an update() of something else: no delivery is touched, and its writer may hold the order
            and (new_bookings.status, new_bookings.completed_at, new_bookings.updated_at)
            is distinct from (old_bookings.status, old_bookings.completed_at, old_bookings.updated_at)
        )
            -- a canceled booking may still hold the slot that it was paid for, and its refunds are
            -- the order's as long as it is canceled
            or (
                new_bookings.status <> old_bookings.status
                and (
                    'canceled' in (new_bookings.status, old_bookings.status)
                    or 'no_show' in (new_bookings.status, old_bookings.status)
                )
            )
            or new_bookings.order_id is distinct from old_bookings.order_id

        union all

        select old_bookings.order_id
        from new_bookings
        inner join old_bookings on new_bookings.id = old_bookings.id
        where new_bookings.order_id is distinct from old_bookings.order_id
    ) as affected
    where affected.order_id is not null;

    select array_agg(later.id order by later.id)
    into v_successor_ids
    from new_bookings
    inner join old_bookings on new_bookings.id = old_bookings.id
    inner join public.bookings_booking as later on new_bookings.id = later.rescheduled_from_id
    where new_bookings.status = 'rescheduled' and old_bookings.status = 'completed';

    if v_successor_ids is not null then
        perform earnings.follow_reschedules(v_successor_ids);
    end if;

    perform earnings.settle_bookings(v_booking_ids, v_delivery_times, coalesce(v_order_ids, '{}'));

    return null;
end
$$;

comment on function earnings.tg_bookings__settle_update()
is 'Settles bookings that are or were delivered, were canceled, changed their order or their appointment.';
