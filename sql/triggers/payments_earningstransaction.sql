-- Triggers on the app's payments_earningstransaction.
-- Postgres fires same-event triggers in name order: the number is the order.
-- The guards stand aside for the engine's own functions and for the migration; the
-- history (500) is written for everyone.

create or replace trigger earnings_100_guard_insert
before insert on public.payments_earningstransaction
for each row
when (current_user not in ('earnings_owner', 'earnings_migrator'))
execute function earnings.tg_earnings__guard_insert();

create or replace trigger earnings_100_guard_update
before update on public.payments_earningstransaction
for each row
when (current_user not in ('earnings_owner', 'earnings_migrator'))
execute function earnings.tg_earnings__guard_update();

create or replace trigger earnings_100_guard_delete
before delete on public.payments_earningstransaction
for each row
when (current_user <> 'earnings_migrator')
execute function earnings.tg_earnings__guard_delete();

create or replace trigger earnings_500_record_insert
after insert on public.payments_earningstransaction
referencing new table as new_earnings
for each statement
execute function earnings.tg_earnings__record_insert();

create or replace trigger earnings_500_record_update
after update on public.payments_earningstransaction
referencing old table as old_earnings new table as new_earnings
for each statement
execute function earnings.tg_earnings__record_update();

create or replace trigger earnings_500_record_delete
after delete on public.payments_earningstransaction
referencing old table as old_earnings
for each statement
execute function earnings.tg_earnings__record_delete();

create or replace trigger earnings_700_settle_refunds
after insert on public.payments_earningstransaction
referencing new table as new_earnings
for each statement
when (current_user not in ('earnings_owner', 'earnings_migrator'))
execute function earnings.tg_earnings__settle_refunds();

create or replace trigger earnings_700_move_adjustments
after update on public.payments_earningstransaction
referencing old table as old_earnings new table as new_earnings
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_earnings__move_adjustments();

create or replace trigger earnings_900_queue_balances_insert
after insert on public.payments_earningstransaction
referencing new table as written_earnings
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_earnings__queue_balances();

create or replace trigger earnings_900_queue_balances_update
after update on public.payments_earningstransaction
referencing new table as written_earnings
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_earnings__queue_balances();
