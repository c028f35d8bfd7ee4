-- Triggers of somebody else on the tables that ours hang on: the app itself has none.
select
    triggers.tgname::text as trigger_name,
    triggers.tgrelid::regclass::text as table_name
from pg_catalog.pg_trigger as triggers
where
    not triggers.tgisinternal
    and triggers.tgname not like 'earnings\_%'
    and triggers.tgrelid in (
        to_regclass('public.bookings_booking'),
        to_regclass('public.payments_earningstransaction'),
        to_regclass('public.payments_order'),
        to_regclass('public.payments_practitionerearnings'),
        to_regclass('public.payments_practitionerpayout'),
        to_regclass('public.payments_usercredittransaction'),
        to_regclass('public.service_sessions')
    )
order by 2, 1
