-- Triggers on the app's bookings_booking.
-- Postgres fires same-event triggers in name order: the number is the order.
-- All stand aside for the migration's own writes; it records and undoes them itself. The guard
-- of updates also stands aside for the engine's functions, which know what they correct.

create or replace trigger earnings_100_guard_insert
before insert on public.bookings_booking
for each row
when (current_user <> 'earnings_migrator')
execute function earnings.tg_bookings__guard_insert();

create or replace trigger earnings_100_guard_update
before update on public.bookings_booking
for each row
when (
    current_user not in ('earnings_owner', 'earnings_migrator')
    and (
        new.status is distinct from old.status
        or new.status = 'cancelled'
        or new.order_id is distinct from old.order_id
        or new.completed_at is distinct from old.completed_at
    )
)
execute function earnings.tg_bookings__guard_update();

create or replace trigger earnings_900_settle_insert
after insert on public.bookings_booking
referencing new table as new_bookings
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_bookings__settle_insert();

create or replace trigger earnings_900_settle_update
after update on public.bookings_booking
referencing old table as old_bookings new table as new_bookings
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_bookings__settle_update();

create or replace trigger earnings_900_settle_delete
after delete on public.bookings_booking
referencing old table as old_bookings
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_bookings__settle_delete();
