-- The newest entry in the history of an earnings row says what the row itself says.
--
-- Rule      R19
-- Reads     earnings
-- If not    The row or its history was written past the triggers. Find out by whom (corrections,
--           the server's log), then correct the row, or open its history again with install.

with

newest as (

    select distinct on (earnings_id)
        earnings_id,
        to_status,
        gross_amount_cents,
        commission_amount_cents,
        net_amount_cents,
        currency,
        available_after,
        booking_id,
        practitioner_id,
        payout_id
    from earnings.transitions
    order by earnings_id desc, stamped_at desc

)

select
    'earnings' as subject,
    newest.earnings_id as subject_id,
    case
        when ledger.id is null then format('the history ends with %s, and the row is gone', newest.to_status)
        else format(
                'the ledger says %s, %s cents %s, held until %s, payout %s; '
                'the history %s, %s cents %s, held until %s, payout %s',
                ledger.status, ledger.net_amount_cents, ledger.currency, ledger.available_after,
                coalesce(ledger.payout_id::text, 'none'), coalesce(newest.to_status, 'deleted'),
                newest.net_amount_cents, newest.currency, newest.available_after,
                coalesce(newest.payout_id::text, 'none')
            )
    end as detail
from newest
left join public.payments_earningstransaction as ledger on newest.earnings_id = ledger.id
where
    (ledger.id is null and newest.to_status is not null)
    or (
        ledger.id is not null
        and (
            ledger.status, ledger.gross_amount_cents, ledger.commission_amount_cents, ledger.net_amount_cents,
            ledger.currency, ledger.available_after, ledger.booking_id, ledger.practitioner_id, ledger.payout_id
        )
        is distinct from
        (
            newest.to_status, newest.gross_amount_cents, newest.commission_amount_cents, newest.net_amount_cents,
            newest.currency, newest.available_after, newest.booking_id, newest.practitioner_id, newest.payout_id
        )
    )

union all

select
    'earnings' as subject,
    ledger.id as subject_id,
    'it has no history' as detail
from public.payments_earningstransaction as ledger
where
    not exists (
        select
        from earnings.transitions as entries
        where entries.earnings_id = ledger.id
    )
