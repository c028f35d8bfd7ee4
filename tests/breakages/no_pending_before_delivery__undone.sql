update bookings_booking
set status = 'confirmed'
where id = (
        select min(earned.booking_id)
        from payments_earningstransaction as earned
        where
            earned.status = 'available'
            and earned.transaction_type = 'booking_completion'
            and earned.booking_id not in (select booking_id from earnings.session_slots)
    )
returning (
        select earned.id
        from payments_earningstransaction as earned
        where earned.booking_id = bookings_booking.id and earned.status = 'available'
    )
