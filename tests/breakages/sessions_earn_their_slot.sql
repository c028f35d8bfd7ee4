-- Also  commission_is_the_rates history_agrees_with_the_ledger
update payments_earningstransaction
set gross_amount_cents = gross_amount_cents + 1, commission_amount_cents = commission_amount_cents + 1
where id = (
        select min(earnings.id)
        from payments_earningstransaction as earnings
        inner join earnings.session_slots as slots on earnings.booking_id = slots.booking_id
        where earnings.status <> 'reversed' and earnings.transaction_type = 'booking_completion'
    )
returning id
