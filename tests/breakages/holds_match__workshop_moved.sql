with

broken as (

    update service_sessions
    set end_time = end_time + interval '1 day'
    where id = (
            select min(bookings.service_session_id)
            from payments_earningstransaction as earned
            inner join bookings_booking as bookings on earned.booking_id = bookings.id
            inner join services_service as services on bookings.service_id = services.id
            inner join services_servicetype as types on services.service_type_id = types.id
            where earned.status = 'projected' and types.code = 'workshop'
        )
    returning id

)

select earned.id
from broken
inner join bookings_booking as bookings on broken.id = bookings.service_session_id
inner join payments_earningstransaction as earned on bookings.id = earned.booking_id
where earned.status = 'projected'
