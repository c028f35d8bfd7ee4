-- earnings.tg_payouts__return_earnings()
--
-- Returns the paid rows of payouts that have just failed or been canceled to available,
-- without a new hold (R2, R21).
--
-- Fired by  earnings_900_return_earnings on public.payments_practitionerpayout
-- Locks     earnings by id
-- Writes    public.payments_earningstransaction

create or replace function earnings.tg_payouts__return_earnings()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    with returning_rows as (
        select paid.id
        from new_payouts
        inner join old_payouts on new_payouts.id = old_payouts.id
        inner join public.payments_earningstransaction as paid on new_payouts.id = paid.payout_id
        where new_payouts.status in ('failed', 'canceled', 'cancelled')
            and old_payouts.status not in ('failed', 'canceled', 'cancelled')
            and paid.status = 'paid'
        order by paid.id
        for no key update of paid
    )

    update public.payments_earningstransaction as paid
    set status = 'available', payout_id = null, updated_at = now()
    from returning_rows
    where paid.id = returning_rows.id;

    return null;
end
$$;

comment on function earnings.tg_payouts__return_earnings()
is 'Returns the paid rows of payouts that failed or were canceled to available (R2, R21).';
