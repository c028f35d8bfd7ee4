-- Also  sessions_earn_their_slot
update earnings.session_slots
set prepaid_cents = 1
where booking_id = (
        select max(slots.booking_id)
        from earnings.session_slots as slots
        inner join earnings.package_terms as terms on slots.order_id = terms.order_id
        inner join payments_earningstransaction as earned on slots.booking_id = earned.booking_id
        where terms.prepaid_cents = 0 and slots.amount_cents > 0 and earned.status <> 'reversed'
    )
returning order_id
