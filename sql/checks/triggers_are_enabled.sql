-- Every trigger that install put on is there and fires.
--
-- Rule      R3
-- Reads     the catalog
-- If not    The app writes past the rules meanwhile. Run install, then check again.

with

expected as (

    select
        split_part(identity, ' on ', 1) as trigger_name,
        split_part(identity, ' on ', 2) as table_name
    from earnings.objects
    where kind = 'trigger' and identity <> 'earnings_050_pair_credit_links on public.bookings_booking'

    union all

    -- this one goes with either of its columns, which the app may drop
    select
        'earnings_050_pair_credit_links' as trigger_name,
        'public.bookings_booking' as table_name
    from pg_catalog.pg_attribute
    where
        attrelid = 'public.bookings_booking'::regclass
        and attname in ('payment_transaction_id', 'credit_usage_transaction_id')
        and not attisdropped
    having count(*) = 2

),

found as (

    select
        triggers.oid,
        triggers.tgname as trigger_name,
        namespaces.nspname || '.' || tables.relname as table_name,
        triggers.tgenabled
    from pg_catalog.pg_trigger as triggers
    inner join pg_catalog.pg_class as tables on triggers.tgrelid = tables.oid
    inner join pg_catalog.pg_namespace as namespaces on tables.relnamespace = namespaces.oid
    where not triggers.tgisinternal and triggers.tgname like 'earnings\_%'

)

select
    'trigger' as subject,
    coalesce(found.oid::bigint, 0) as subject_id,
    format(
        '%s on %s %s', expected.trigger_name, expected.table_name,
        case when found.oid is null then 'is missing' else 'does not fire' end
    ) as detail
from expected
left join found
    on expected.trigger_name = found.trigger_name and expected.table_name = found.table_name
where found.oid is null or found.tgenabled not in ('O', 'A')
