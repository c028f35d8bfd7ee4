-- earnings.tg_bookings__settle_insert()
--
-- Settles bookings that were inserted as delivered (R4, R6, R8), lets the earnings of
-- rescheduled ones follow, and takes these out of the count (R13).
--
-- Fired by  earnings_900_settle_insert on public.bookings_booking

create or replace function earnings.tg_bookings__settle_insert()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_rescheduled_ids bigint[];
    v_booking_ids bigint[];
    v_delivery_times timestamptz[];
    v_order_ids bigint[];
begin
    select array_agg(written.id order by written.id)
    into v_rescheduled_ids
    from new_bookings as written
    where written.rescheduled_from_id is not null;

    if v_rescheduled_ids is not null then
        perform earnings.follow_reschedules(v_rescheduled_ids);

        select
            array_agg(earlier.id order by earlier.id),
            array_agg(distinct earlier.order_id) filter (where earlier.order_id is not null)
        into v_booking_ids, v_order_ids
        from new_bookings as written
        inner join public.bookings_booking as earlier on written.rescheduled_from_id = earlier.id
        where earnings.is_delivered(earlier);

        if v_booking_ids is not null then
            perform earnings.settle_bookings(v_booking_ids, '{}', coalesce(v_order_ids, '{}'));
        end if;
    end if;

    select
        array_agg(written.id order by written.id),
        array_agg(least(written.completed_at, now()) order by written.id),
        array_agg(distinct written.order_id) filter (where written.order_id is not null)
    into v_booking_ids, v_delivery_times, v_order_ids
    from new_bookings as written
    where written.status in ('completed', 'no_show');

    if v_booking_ids is not null then
        perform earnings.settle_bookings(v_booking_ids, v_delivery_times, coalesce(v_order_ids, '{}'));
    end if;

    return null;
end
$$;

comment on function earnings.tg_bookings__settle_insert()
is 'Settles bookings that were inserted as delivered, and lets earnings follow a reschedule.';
