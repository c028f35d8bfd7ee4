-- Every legacy parent booking is set aside as a purchase, and its order is a package that
-- names it, or it is reported why not.

select
    'booking' as subject,
    bookings.id as subject_id,
    case
        when purchases.booking_id is null then 'it is not set aside'
        else format('its order %s is %s and does not name it', orders.id, orders.order_type)
    end as detail
from public.bookings_booking as bookings
left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
left join public.payments_order as orders on bookings.order_id = orders.id
where (
    purchases.booking_id is not null
    or coalesce((to_jsonb(bookings) ->> 'is_package_purchase')::boolean, false)
    or coalesce((to_jsonb(bookings) ->> 'is_bundle_purchase')::boolean, false)
)
and (
    purchases.booking_id is null
    or (
        orders.id is not null
        and not (
            orders.order_type in ('package', 'bundle')
            and orders.package_metadata ? 'package_type'
        )
    )
)
