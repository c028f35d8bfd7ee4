-- Every parent booking that was there when the migration began is set aside as a purchase, and its
-- order, where it has one, is a package that describes what was sold.

select
    'booking' as subject,
    bookings.id as subject_id,
    case
        when purchases.booking_id is null then 'it is not set aside'
        else format('its order %s is %s and does not describe it', orders.id, orders.order_type)
    end as detail
from public.bookings_booking as bookings
inner join earnings_migration.legacy_rows
    on legacy_rows.table_name = 'bookings_booking' and legacy_rows.ids @> bookings.id
left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
left join public.payments_order as orders on bookings.order_id = orders.id
where (
    purchases.booking_id is null
    and (
        coalesce((to_jsonb(bookings) ->> 'is_package_purchase')::boolean, false)
        or coalesce((to_jsonb(bookings) ->> 'is_bundle_purchase')::boolean, false)
    )
)
or (
    purchases.booking_id is not null
    and orders.id is not null
    and not (
        orders.order_type in ('package', 'bundle')
        and coalesce(orders.package_metadata ? 'package_type', false)
    )
)
