-- Triggers on the app's payments_usercredittransaction.
-- Postgres fires same-event triggers in name order: the number is the order.

create or replace trigger earnings_100_link_booking_insert
after insert on public.payments_usercredittransaction
referencing new table as written_credits
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_credits__link_booking();

create or replace trigger earnings_100_link_booking_update
after update on public.payments_usercredittransaction
referencing new table as written_credits
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_credits__link_booking();

create or replace trigger earnings_900_settle_refunds_insert
after insert on public.payments_usercredittransaction
referencing new table as written_credits
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_credits__settle_refunds();

create or replace trigger earnings_900_settle_refunds_update
after update on public.payments_usercredittransaction
referencing new table as written_credits
for each statement
when (current_user <> 'earnings_migrator')
execute function earnings.tg_credits__settle_refunds();
