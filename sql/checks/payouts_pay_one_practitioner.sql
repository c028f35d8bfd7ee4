-- Every row that a payout has paid is its practitioner's and in its currency; payouts from before
-- the engine that are not right are known as exceptions.
--
-- Rule      R21
-- Reads     earnings
-- If not    Somebody was paid what another has earned. Compare with the transfer; then return the
--           row to available with earnings.correct_status.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format(
        'of practitioner %s in %s, and payout %s is of practitioner %s in %s',
        earnings.practitioner_id, earnings.currency, payouts.id, payouts.practitioner_id, payouts.currency
    ) as detail
from public.payments_practitionerpayout as payouts
inner join public.payments_earningstransaction as earnings on payouts.id = earnings.payout_id
where
    earnings.status = 'paid'
    and (
        earnings.practitioner_id <> payouts.practitioner_id
        or earnings.currency <> payouts.currency
    )
    and not exists (
        select
        from earnings.exceptions as known
        where
            known.subject = 'payout'
            and known.subject_id = payouts.id
            and known.kind in ('payout_amount_differs', 'payout_incomplete')
    )
