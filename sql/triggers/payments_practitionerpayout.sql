-- Triggers on the app's payments_practitionerpayout.
-- Postgres fires same-event triggers in name order: the number is the order.

create or replace trigger earnings_100_guard_insert
before insert on public.payments_practitionerpayout
for each row
when (current_user not in ('earnings_owner', 'earnings_migrator'))
execute function earnings.tg_payouts__guard_insert();

create or replace trigger earnings_100_guard_update
before update on public.payments_practitionerpayout
for each row
when (
    current_user <> 'earnings_migrator'
    and old.status in ('failed', 'canceled', 'cancelled')
    and new.status not in ('failed', 'canceled', 'cancelled')
)
execute function earnings.tg_payouts__guard_update();

create or replace trigger earnings_900_return_earnings
after update on public.payments_practitionerpayout
referencing old table as old_payouts new table as new_payouts
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_payouts__return_earnings();
