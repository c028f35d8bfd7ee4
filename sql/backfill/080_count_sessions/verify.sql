-- Package orders whose sessions_completed is not the number of their delivered sessions.

select
    'order' as subject,
    orders.id as subject_id,
    format(
        'sessions_completed %s, delivered %s',
        orders.package_metadata ->> 'sessions_completed',
        count(bookings.id)
    ) as offence
from payments_order as orders
left join bookings_booking as bookings
    on orders.id = bookings.order_id
        and bookings.status = 'completed'
        and not exists (
            select from purchase_bookings where purchase_bookings.booking_id = bookings.id
        )
where orders.order_type in ('package', 'bundle')
    and jsonb_typeof(orders.package_metadata) = 'object'
group by orders.id
having orders.package_metadata ->> 'sessions_completed' is distinct from count(bookings.id)::text
