-- Also  balances_are_true history_agrees_with_the_ledger
update payments_earningstransaction
set status = 'pending'
where id = (
        select min(id)
        from payments_earningstransaction
        where status = 'projected' and transaction_type = 'booking_completion'
    )
returning id
