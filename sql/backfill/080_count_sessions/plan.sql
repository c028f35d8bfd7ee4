-- One row per package order whose sessions_completed is not the number of its delivered
-- sessions (R8).

with

counted as (

    select
        orders.id,
        orders.practitioner_id,
        orders.package_metadata,
        earnings.completed_session_count(orders.id) as sessions_completed
    from payments_order as orders
    where orders.id > current_setting('earnings_migration.after_id')::bigint
        and orders.id <= current_setting('earnings_migration.until_id')::bigint
        and orders.order_type in ('package', 'bundle')
        and jsonb_typeof(orders.package_metadata) = 'object'

)

select
    'payments_order' as table_name,
    id as row_id,
    'update' as operation,
    'sessions_counted' as reason,
    practitioner_id,
    null as currency,
    null::bigint as amount_cents,
    jsonb_build_object('package_metadata', package_metadata) as before,
    jsonb_build_object(
        'package_metadata', package_metadata || jsonb_build_object('sessions_completed', sessions_completed)
    ) as after
from counted
where package_metadata -> 'sessions_completed' is distinct from to_jsonb(sessions_completed)
