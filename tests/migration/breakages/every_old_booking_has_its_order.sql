update bookings_booking
set order_id = null
where id = (
        select min(bookings.id)
        from bookings_booking as bookings
        where bookings.order_id is not null and bookings.parent_booking_id is null
    )
