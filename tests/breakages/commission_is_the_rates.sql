update payments_earningstransaction
set commission_rate = commission_rate + 1
where id = (
        select min(id)
        from payments_earningstransaction
        where status = 'pending' and transaction_type = 'booking_completion' and gross_amount_cents > 1000
    )
returning id
