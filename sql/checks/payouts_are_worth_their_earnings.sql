-- A payout that was not stopped is worth the net of its rows; differences from before the
-- engine are known as exceptions of kind payout_amount_differs.
--
-- Rule      R21
-- Reads     payouts
-- If not    More or less was transferred than was earned. Compare with the transfer.

with

-- a payout and its rows are put under one another and summed, so that each is read once
amounts as (

    select
        id as payout_id,
        status not in ('failed', 'canceled', 'cancelled') as is_owed,
        credits_payout_cents,
        0 as row_count,
        0 as net_cents
    from public.payments_practitionerpayout

    union all

    select
        payout_id,
        false as is_owed,
        null as credits_payout_cents,
        1 as row_count,
        net_amount_cents as net_cents
    from public.payments_earningstransaction
    where payout_id is not null

),

summed as (

    select
        payout_id,
        bool_or(is_owed) as is_owed,
        sum(credits_payout_cents) as credits_payout_cents,
        sum(row_count) as row_count,
        sum(net_cents) as net_cents
    from amounts
    group by payout_id

)

select
    'payout' as subject,
    summed.payout_id as subject_id,
    format(
        '%s cents for %s rows of %s cents', coalesce(summed.credits_payout_cents::text, 'no'),
        summed.row_count, summed.net_cents
    ) as detail
from summed
where
    summed.is_owed
    and summed.credits_payout_cents is distinct from summed.net_cents
    and not exists (
        select
        from earnings.exceptions as known
        where
            known.subject = 'payout'
            and known.subject_id = summed.payout_id
            and known.kind in ('payout_amount_differs', 'payout_incomplete')
    )
