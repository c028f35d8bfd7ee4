-- Package orders whose sessions_completed is not the number of their delivered sessions.

select
    'order' as subject,
    orders.id as subject_id,
    format(
        'sessions_completed %s, delivered %s',
        orders.package_metadata ->> 'sessions_completed',
        earnings.completed_session_count(orders.id)
    ) as offence
from payments_order as orders
where orders.order_type in ('package', 'bundle')
    and jsonb_typeof(orders.package_metadata) = 'object'
    and orders.package_metadata ->> 'sessions_completed'
    is distinct from earnings.completed_session_count(orders.id)::text
