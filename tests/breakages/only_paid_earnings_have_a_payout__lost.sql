-- Also  history_agrees_with_the_ledger payouts_are_worth_their_earnings
update payments_earningstransaction
set payout_id = null
where id = (
        select min(earned.id)
        from payments_earningstransaction as earned
        inner join payments_practitionerpayout as payouts on earned.payout_id = payouts.id
        where
            earned.status = 'paid'
            and payouts.status = 'completed'
            and payouts.id not in (select subject_id from earnings.exceptions where subject = 'payout')
            and earned.id not in (select subject_id from earnings.exceptions where subject = 'earnings')
    )
returning id
