-- Earnings have a payout when they are paid and only then; paid ones without are known as
-- exceptions of kind paid_without_payout.
--
-- Rule      R2
-- Reads     earnings
-- If not    A payout cannot be explained by its rows. Find the transfer, then correct the row.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format('%s with payout %s', earnings.status, coalesce(earnings.payout_id::text, 'none')) as detail
from public.payments_earningstransaction as earnings
left join earnings.exceptions as known
    on
        earnings.id = known.subject_id
        and known.subject = 'earnings'
        and known.kind = 'paid_without_payout'
where
    (earnings.status = 'paid') <> (earnings.payout_id is not null)
    and not (earnings.status = 'paid' and known.id is not null)
