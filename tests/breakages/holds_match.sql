-- Also  history_agrees_with_the_ledger
update payments_earningstransaction
set available_after = available_after - interval '1 hour'
where id = (
        select min(id)
        from payments_earningstransaction
        where status = 'projected' and transaction_type = 'booking_completion'
    )
returning id
