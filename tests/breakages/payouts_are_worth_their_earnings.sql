update payments_practitionerpayout
set credits_payout_cents = credits_payout_cents + 1
where id = (
        select min(payouts.id)
        from payments_practitionerpayout as payouts
        where
            payouts.status = 'completed'
            and payouts.id not in (select subject_id from earnings.exceptions where subject = 'payout')
    )
returning id
