update payments_earningstransaction
set commission_amount_cents = commission_amount_cents + 1, net_amount_cents = net_amount_cents - 1
where id = (
        select min(earned.id)
        from payments_earningstransaction as earned
        inner join earnings.session_slots as slots on earned.booking_id = slots.booking_id
        where earned.status <> 'reversed'
    )
