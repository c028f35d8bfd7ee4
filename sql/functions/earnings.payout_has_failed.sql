-- earnings.payout_has_failed(payout_id)
--
-- True when the payout failed, was canceled, or is gone: its rows may return (R2, R21).
--
-- Reads     public.payments_practitionerpayout

create or replace function earnings.payout_has_failed(payout_id bigint)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select not exists (
        select
        from public.payments_practitionerpayout as payouts
        where payouts.id = payout_has_failed.payout_id
            and payouts.status not in ('failed', 'canceled', 'cancelled')
    );
$$;

comment on function earnings.payout_has_failed(bigint)
is 'True when the payout failed, was canceled, or is gone: its rows may return (R2, R21).';
