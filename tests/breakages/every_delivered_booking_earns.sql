-- Unseen    in what has changed: no entry of the history says so
update bookings_booking
set status = 'completed', completed_at = now()
where id = (
        select min(bookings.id)
        from bookings_booking as bookings
        left join payments_order as orders on bookings.order_id = orders.id
        where
            bookings.status <> 'completed'
            and bookings.parent_booking_id is null
            and bookings.rescheduled_from_id is null
            and not bookings.is_package_purchase
            and not bookings.is_bundle_purchase
            and coalesce(orders.order_type, 'direct') = 'direct'
            and not exists (select from payments_earningstransaction where booking_id = bookings.id)
    )
returning id
