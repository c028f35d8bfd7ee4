alter table payments_order enable replica trigger earnings_100_guard_update;

select oid::bigint
from pg_trigger
where tgname = 'earnings_100_guard_update' and tgrelid = 'payments_order'::regclass
