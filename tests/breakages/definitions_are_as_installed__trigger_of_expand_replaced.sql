create or replace trigger earnings_050_pair_credit_links
before insert or update of payment_transaction_id, credit_usage_transaction_id on bookings_booking
for each row
when (false)
execute function earnings_migration.tg_bookings__pair_credit_links();

select oid::bigint
from pg_trigger
where tgname = 'earnings_050_pair_credit_links' and tgrelid = 'bookings_booking'::regclass
