-- Triggers on the app's payments_order.
-- Postgres fires same-event triggers in name order: the number is the order.

create or replace trigger earnings_100_guard_insert
before insert on public.payments_order
for each row
when (current_user <> 'earnings_migrator')
execute function earnings.tg_orders__guard_insert();

create or replace trigger earnings_100_guard_update
before update on public.payments_order
for each row
when (
    current_user <> 'earnings_migrator'
    and (old.package_metadata is not null or old.order_type in ('package', 'bundle'))
)
execute function earnings.tg_orders__guard_update();

create or replace trigger earnings_900_remember_order
after insert on public.payments_order
for each row
when (current_user <> 'earnings_migrator')
execute function earnings.tg_orders__remember_order();
