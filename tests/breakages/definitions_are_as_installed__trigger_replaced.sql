create or replace trigger earnings_100_guard_delete
before delete on payments_earningstransaction
for each row
when (false)
execute function earnings.tg_earnings__guard_delete();

select oid::bigint
from pg_trigger
where tgname = 'earnings_100_guard_delete' and tgrelid = 'payments_earningstransaction'::regclass
