-- The indexes and constraints that the rules stand on are there, and valid.
--
-- Rule      R6
-- Reads     the catalog
-- If not    Two connections at once could earn one booking, one slot or one moment of the history
--           twice. scripts/earnings migrate up puts back those on the app's tables once the data
--           allows it; the others are in sql/changes. The id here is its place in this list.

with

expected as (

    select
        listed.place,
        listed.table_name,
        listed.name,
        listed.is_index
    from (
        values
        (1, 'public.payments_earningstransaction', 'payments_earningstransaction_one_live_delivery_row', true),
        (2, 'public.payments_earningstransaction', 'payments_earningstransaction_status_check', false),
        (3, 'public.payments_earningstransaction', 'payments_earningstransaction_net_check', false),
        (4, 'earnings.session_slots', 'session_slots_pkey', true),
        (5, 'earnings.session_slots', 'session_slots_booking_id_key', true),
        (6, 'earnings.package_terms', 'package_terms_pkey', true),
        (7, 'earnings.transitions', 'transitions_earnings_id_stamped_at_key', true),
        (8, 'earnings.exceptions', 'exceptions_open_key', true),
        (9, 'earnings.settings', 'settings_value_check', false),
        (10, 'earnings.exceptions', 'exceptions_say_who_and_why', false)
    ) as listed (place, table_name, name, is_index)

),

found as (

    select
        indrelid as table_oid,
        indexrelid::regclass::text as name,
        indisvalid as is_valid
    from pg_catalog.pg_index

    union all

    select
        conrelid as table_oid,
        conname as name,
        convalidated as is_valid
    from pg_catalog.pg_constraint
    where contype = 'c'

)

select
    case when expected.is_index then 'index' else 'constraint' end as subject,
    expected.place::bigint as subject_id,
    format(
        '%s on %s %s', expected.name, expected.table_name,
        case when found.name is null then 'is missing' else 'is not valid' end
    ) as detail
from expected
left join found
    on
        to_regclass(expected.table_name) = found.table_oid
        and expected.name = split_part(found.name, '.', -1)
where not coalesce(found.is_valid, false)
