with

broken as (

    update bookings_booking
    set status = 'canceled'
    where id = (
            select min(booking_id)
            from payments_earningstransaction
            where status = 'projected' and transaction_type = 'booking_completion'
        )
    returning id

)

select earnings.id
from broken
inner join payments_earningstransaction as earnings on broken.id = earnings.booking_id
where earnings.status = 'projected'
