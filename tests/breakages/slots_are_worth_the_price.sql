-- Also  sessions_earn_their_slot
update earnings.session_slots
set amount_cents = amount_cents + 1
where booking_id = (
        select min(slots.booking_id)
        from earnings.session_slots as slots
        inner join payments_earningstransaction as earnings on slots.booking_id = earnings.booking_id
        where earnings.status <> 'reversed'
    )
returning order_id
