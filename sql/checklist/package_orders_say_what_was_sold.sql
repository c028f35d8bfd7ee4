-- Every package order says how many sessions were sold and what one is worth, unless it is
-- reported that nobody knows.

select
    'order' as subject,
    orders.id as subject_id,
    format('package_metadata says %s', orders.package_metadata) as detail
from public.payments_order as orders
where orders.order_type in ('package', 'bundle')
    and not (
        coalesce(orders.package_metadata ->> 'total_sessions', '') ~ '^[1-9][0-9]*$'
        and coalesce(orders.package_metadata ->> 'session_value_cents', '') ~ '^[0-9]+$'
        and coalesce(orders.package_metadata ->> 'sessions_completed', '') ~ '^[0-9]+$'
    )
    and not exists (
        select
        from earnings.exceptions
        where exceptions.subject_id = orders.id
            and exceptions.subject = 'order'
            and exceptions.kind = 'package_without_sessions'
            and exceptions.resolved_at is null
    )
