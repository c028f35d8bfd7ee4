-- Triggers on the app's payments_practitionerearnings, the cached balances.

create or replace trigger earnings_100_guard_insert
before insert on public.payments_practitionerearnings
for each row
when (current_user not in ('earnings_owner', 'earnings_migrator'))
execute function earnings.tg_balances__guard_write();

create or replace trigger earnings_100_guard_update
before update on public.payments_practitionerearnings
for each row
when (current_user not in ('earnings_owner', 'earnings_migrator'))
execute function earnings.tg_balances__guard_write();
