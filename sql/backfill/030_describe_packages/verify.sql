-- Purchases that are not set aside, whose order carries no terms, or whose children
-- belong to another order.

select
    'booking' as subject,
    purchase_bookings.booking_id as subject_id,
    'its order does not describe the package' as offence
from purchase_bookings
inner join payments_order as orders on purchase_bookings.order_id = orders.id
where (orders.order_type not in ('package', 'bundle') or orders.package_metadata is null)
    and not exists (
        select
        from exceptions
        where exceptions.subject_id = orders.id
            and exceptions.kind = 'package_without_sessions'
            and exceptions.resolved_at is null
    )

union all

select
    'order' as subject,
    orders.id as subject_id,
    'total_sessions is not a number of sessions' as offence
from payments_order as orders
where orders.order_type in ('package', 'bundle')
    and coalesce(
        case
            when jsonb_typeof(orders.package_metadata -> 'total_sessions') = 'number'
                then (orders.package_metadata ->> 'total_sessions')::numeric
        end,
        0
    ) < 1
    and not exists (
        select
        from exceptions
        where exceptions.subject_id = orders.id
            and exceptions.kind = 'package_without_sessions'
            and exceptions.resolved_at is null
    )

union all

select
    'booking' as subject,
    bookings.id as subject_id,
    'it belongs to another order than its parent' as offence
from bookings_booking as bookings
inner join purchase_bookings
    on (to_jsonb(bookings) ->> 'parent_booking_id')::bigint = purchase_bookings.booking_id
where bookings.order_id is distinct from purchase_bookings.order_id
