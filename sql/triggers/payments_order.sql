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

create or replace trigger earnings_900_settle_refund
after update on public.payments_order
for each row
when (
    current_user <> 'earnings_migrator'
    and (
        (
            new.status is distinct from old.status
            and (new.status in ('refunded', 'partially_refunded') or old.status = 'refunded')
        )
        or (
            new.order_type in ('package', 'bundle')
            and (old.package_metadata -> 'total_sessions') is distinct from (new.package_metadata -> 'total_sessions')
        )
    )
)
execute function earnings.tg_orders__settle_refund();
