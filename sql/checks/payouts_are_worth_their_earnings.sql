-- A payout that was not stopped is worth the net of its rows; differences from before the
-- engine are known as exceptions of kind payout_amount_differs.
--
-- Rule      R21
-- Reads     everything
-- If not    More or less was transferred than was earned. Compare with the transfer.

with

summed as (

    select
        payout_id,
        count(*) as row_count,
        sum(net_amount_cents) as net_cents
    from public.payments_earningstransaction
    where payout_id is not null
    group by payout_id

)

select
    'payout' as subject,
    payouts.id as subject_id,
    format(
        '%s cents for %s rows of %s cents', coalesce(payouts.credits_payout_cents::text, 'no'),
        coalesce(summed.row_count, 0), coalesce(summed.net_cents, 0)
    ) as detail
from public.payments_practitionerpayout as payouts
left join summed on payouts.id = summed.payout_id
where
    payouts.status not in ('failed', 'canceled', 'cancelled')
    and payouts.credits_payout_cents is distinct from coalesce(summed.net_cents, 0)
    and not exists (
        select
        from earnings.exceptions as known
        where
            known.subject = 'payout'
            and known.subject_id = payouts.id
            and known.kind in ('payout_amount_differs', 'payout_incomplete')
    )
