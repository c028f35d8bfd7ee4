-- No paid row belongs to a payout that failed or was canceled.
--
-- Rule      R21
-- Reads     earnings
-- If not    The practitioner never got the money. Correct the row to available.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format('paid, and payout %s is %s', payouts.id, payouts.status) as detail
from public.payments_practitionerpayout as payouts
inner join public.payments_earningstransaction as earnings on payouts.id = earnings.payout_id
where payouts.status in ('failed', 'canceled', 'cancelled') and earnings.status = 'paid'
