-- earnings.tg_bookings__guard_update()
--
-- Corrects what a save may not undo: a delivery (R14), the order link, completed_at
-- (R4, R14), and the spelling of canceled (R9).  A NULL is stale when updated_at moves
-- in the same write (a save), and meant when it does not (update()).  Never refuses.
--
-- Fired by  earnings_100_guard_update on public.bookings_booking
-- Writes    earnings.corrections, exceptions

create or replace function earnings.tg_bookings__guard_update()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_offered constant text := new.status;
    v_is_save constant boolean := new.updated_at is distinct from old.updated_at;
begin
    if new.status = 'cancelled' then
        new.status := 'canceled';
        new.canceled_at := coalesce(new.canceled_at, old.canceled_at, now());
    end if;

    if old.status = 'completed'
        and new.status in ('draft', 'pending_payment', 'confirmed', 'in_progress', 'scheduled')
    then
        new.status := 'completed';
    end if;

    if new.status is distinct from v_offered then
        perform earnings.record_correction(
            'booking',
            new.id,
            case new.status when 'completed' then 'R14' else 'R9' end,
            jsonb_build_object('status', v_offered),
            jsonb_build_object('status', new.status),
            case new.status
                when 'completed' then 'a delivery is undone by earnings.correct_booking only'
                else 'one spelling of canceled'
            end
        );
    end if;

    if new.status = 'completed' then
        if old.status <> 'completed' then
            new.completed_at := coalesce(new.completed_at, now());
        elsif new.completed_at is null and v_is_save then
            new.completed_at := old.completed_at;
        end if;
    end if;

    if new.status = 'completed' and old.status <> 'completed' and new.completed_at < new.start_time
        and not earnings.is_purchase(new)
    then
        perform earnings.raise_exception_row(
            'completed_before_start', 'booking', new.id, jsonb_build_object('start_time', new.start_time)
        );
    end if;

    if new.status = 'completed' and old.status = 'canceled' then
        perform earnings.raise_exception_row('completed_after_canceled', 'booking', new.id);
    end if;

    if new.order_id is null and v_is_save then
        new.order_id := old.order_id;
    end if;

    return new;
end
$$;

comment on function earnings.tg_bookings__guard_update()
is 'Corrects what a save may not undo: a delivery, the order link, completed_at, the spelling of canceled.';
