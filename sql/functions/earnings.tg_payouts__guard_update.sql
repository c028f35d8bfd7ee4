-- earnings.tg_payouts__guard_update()
--
-- Keeps a payout that failed or was canceled in that state: a late webhook would pay
-- its rows twice (R21).
--
-- Fired by  earnings_100_guard_update on public.payments_practitionerpayout
-- Writes    earnings.corrections

create or replace function earnings.tg_payouts__guard_update()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform earnings.record_correction(
        'payout',
        new.id,
        'R21',
        jsonb_build_object('status', new.status),
        jsonb_build_object('status', old.status),
        'a failed or canceled payout never leaves that state'
    );
    new.status := old.status;

    return new;
end
$$;

comment on function earnings.tg_payouts__guard_update()
is 'Keeps a payout that failed or was canceled in that state (R21).';
