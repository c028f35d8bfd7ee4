-- Also  session_counts_are_facts
update bookings_booking
set order_id = null
where id = (
        select min(slots.booking_id)
        from earnings.session_slots as slots
        inner join payments_earningstransaction as earned on slots.booking_id = earned.booking_id
        where earned.status = 'pending'
    )
returning id
