alter table bookings_booking disable trigger earnings_100_guard_update;

select oid::bigint
from pg_trigger
where tgname = 'earnings_100_guard_update' and tgrelid = 'bookings_booking'::regclass
