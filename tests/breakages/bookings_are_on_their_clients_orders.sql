-- Also  bookings_are_on_the_order_that_paid
update bookings_booking
set order_id = (select max(id) from payments_order where order_type = 'direct' and currency = 'USD')
where id = (
        select min(bookings.id)
        from bookings_booking as bookings
        inner join payments_usercredittransaction as credits on bookings.id = credits.booking_id
        inner join payments_order as orders on bookings.order_id = orders.id
        where
            credits.transaction_type = 'usage'
            and credits.order_id = bookings.order_id
            and orders.order_type = 'direct'
            and bookings.status = 'confirmed'
    )
returning id
