-- One row per table that the migration writes: its rows, and a digest of all their columns that
-- the migration does not add. Equal digests are equal tables; run it in the same time zone.

select
    'bookings_booking' as table_name,
    count(*) as row_count,
    md5(string_agg(md5((to_jsonb(bookings) - array['order_id', 'credit_usage_transaction_id'])::text), '' order by id))
        as digest
from public.bookings_booking as bookings

union all

select
    'payments_earningstransaction' as table_name,
    count(*) as row_count,
    md5(string_agg(md5(to_jsonb(earnings)::text), '' order by id)) as digest
from public.payments_earningstransaction as earnings

union all

select
    'payments_order' as table_name,
    count(*) as row_count,
    md5(string_agg(md5((to_jsonb(orders) - 'package_metadata')::text), '' order by id)) as digest
from public.payments_order as orders

union all

select
    'payments_practitionerearnings' as table_name,
    count(*) as row_count,
    md5(string_agg(md5(to_jsonb(balances)::text), '' order by id)) as digest
from public.payments_practitionerearnings as balances

union all

select
    'payments_practitionerpayout' as table_name,
    count(*) as row_count,
    md5(string_agg(md5(to_jsonb(payouts)::text), '' order by id)) as digest
from public.payments_practitionerpayout as payouts
order by table_name;
