-- Also  balances_are_true history_agrees_with_the_ledger
update payments_earningstransaction
set currency = 'EUR'
where id = (
        select min(earned.id)
        from payments_earningstransaction as earned
        inner join bookings_booking as bookings on earned.booking_id = bookings.id
        inner join payments_order as orders on bookings.order_id = orders.id
        where earned.status = 'pending' and orders.currency = 'USD'
    )
returning id
