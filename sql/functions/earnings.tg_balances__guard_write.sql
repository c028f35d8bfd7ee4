-- earnings.tg_balances__guard_write()
--
-- Replaces whatever anyone writes to a cached balance by what the rows say (R17): the
-- app's three sums run without a lock, and its payout subtracts the total twice.
-- The row's lock is taken before this runs, the sums after it.
--
-- Fired by  earnings_100_guard_insert and earnings_100_guard_update
--           on public.payments_practitionerearnings

create or replace function earnings.tg_balances__guard_write()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_truth record;
begin
    select truth.* into v_truth from earnings.true_balance(new.practitioner_id) as truth;

    new.pending_balance_cents := v_truth.pending_balance_cents;
    new.available_balance_cents := v_truth.available_balance_cents;
    new.lifetime_earnings_cents := v_truth.lifetime_earnings_cents;
    new.lifetime_payouts_cents := v_truth.lifetime_payouts_cents;
    new.last_payout_date := v_truth.last_payout_date;

    return new;
end
$$;

comment on function earnings.tg_balances__guard_write()
is 'Replaces whatever anyone writes to a cached balance by what the rows say (R17).';
