with

broken as (

    update payments_order
    set currency = 'EUR'
    where id = (
            select min(bookings.order_id)
            from payments_earningstransaction as earned
            inner join bookings_booking as bookings on earned.booking_id = bookings.id
            inner join payments_order as orders on bookings.order_id = orders.id
            where earned.status = 'pending' and orders.order_type = 'direct' and orders.currency = 'USD'
        )
    returning id

)

select earned.id
from broken
inner join bookings_booking as bookings on broken.id = bookings.order_id
inner join payments_earningstransaction as earned on bookings.id = earned.booking_id
where earned.status = 'pending'
