-- Also  history_agrees_with_the_ledger holds_match
update payments_earningstransaction
set status = 'projected'
where id = (
        select min(earnings.id)
        from payments_earningstransaction as earnings
        inner join earnings.purchase_bookings as purchases on earnings.booking_id = purchases.booking_id
        where earnings.status = 'reversed' and earnings.transaction_type = 'booking_completion'
    )
returning id
