update payments_earningstransaction
set available_after = available_after - interval '1 day'
where id = (
        select min(earned.id)
        from payments_earningstransaction as earned
        inner join bookings_booking as bookings on earned.booking_id = bookings.id
        where earned.status = 'pending' and bookings.status = 'completed'
    )
