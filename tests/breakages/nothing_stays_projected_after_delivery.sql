-- Also  balances_are_true history_agrees_with_the_ledger holds_match
update payments_earningstransaction
set status = 'projected'
where id = (
        select min(id)
        from payments_earningstransaction
        where status = 'pending' and transaction_type = 'booking_completion'
    )
returning id
