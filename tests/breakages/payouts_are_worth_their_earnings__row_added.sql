-- Also  balances_are_true history_agrees_with_the_ledger payouts_pay_one_practitioner
with

added as (

    update payments_earningstransaction
    set
        status = 'paid',
        payout_id = (
            select max(payouts.id)
            from payments_practitionerpayout as payouts
            where
                payouts.status = 'completed'
                and payouts.id not in (select subject_id from earnings.exceptions where subject = 'payout')
        )
    where id = (select min(id) from payments_earningstransaction where status = 'available' and currency = 'USD')
    returning payout_id

)

select payout_id from added
