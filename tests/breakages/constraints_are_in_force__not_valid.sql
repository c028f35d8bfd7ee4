alter table payments_earningstransaction drop constraint payments_earningstransaction_net_check;

alter table payments_earningstransaction
add constraint payments_earningstransaction_net_check
check (net_amount_cents = gross_amount_cents - commission_amount_cents) not valid;

select 3
