-- Triggers on the app's tables that are disabled or fire in replicas only.
select
    triggers.tgname::text as trigger_name,
    triggers.tgrelid::regclass::text as table_name,
    case triggers.tgenabled when 'D' then 'disabled' else 'for replicas only' end as state
from pg_catalog.pg_trigger as triggers
inner join pg_catalog.pg_class as tables on triggers.tgrelid = tables.oid
where
    triggers.tgenabled in ('D', 'R')
    and tables.relnamespace = to_regnamespace('public')
    and (
        tables.relname like 'bookings\_%'
        or tables.relname like 'payments\_%'
        or tables.relname like 'service\_%'
    )
order by 2, 1
