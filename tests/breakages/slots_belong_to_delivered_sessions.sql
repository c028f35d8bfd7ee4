-- Also  session_counts_are_facts no_pending_before_delivery
update bookings_booking
set status = 'confirmed'
where id = (
        select min(slots.booking_id)
        from earnings.session_slots as slots
        inner join payments_earningstransaction as earnings on slots.booking_id = earnings.booking_id
        where earnings.status = 'pending'
    )
returning id
