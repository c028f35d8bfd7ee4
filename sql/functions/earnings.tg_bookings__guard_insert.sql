-- earnings.tg_bookings__guard_insert()
--
-- Links a new booking to its order (R15), keeps one spelling of canceled, and fills
-- completed_at (R4).  Never refuses: a booking follows a charge.
--
-- Fired by  earnings_100_guard_insert on public.bookings_booking
-- Writes    earnings.corrections

create or replace function earnings.tg_bookings__guard_insert()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.status = 'cancelled' then
        new.status := 'canceled';
        new.canceled_at := coalesce(new.canceled_at, now());
        perform earnings.record_correction(
            'booking', new.id, 'R9', '{"status": "cancelled"}', '{"status": "canceled"}', 'one spelling of canceled'
        );
    end if;

    if new.status = 'completed' and new.completed_at is null then
        new.completed_at := now();
    end if;

    if new.status = 'completed' and new.completed_at < new.start_time
        and not earnings.is_purchase(new)
    then
        perform earnings.raise_exception_row(
            'completed_before_start', 'booking', new.id, jsonb_build_object('start_time', new.start_time)
        );
    end if;

    if new.order_id is null then
        new.order_id := earnings.find_order(new);
    end if;

    return new;
end
$$;

comment on function earnings.tg_bookings__guard_insert()
is 'Links a new booking to its order (R15), keeps one spelling of canceled, fills completed_at (R4).';
