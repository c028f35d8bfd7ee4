-- earnings.tg_balance_queue__fold_balances()
--
-- Makes the cached balances of every practitioner that the transaction touched true,
-- once, when it commits: missing rows first, then the locks in practitioner order, then
-- the sums in a later statement (R17, R20 d).  Practitioners who are gone are skipped.
--
-- Fired by  earnings_900_fold_balances on earnings.balance_queue, deferred
-- Locks     balance rows by practitioner
-- Writes    public.payments_practitionerearnings, earnings.balance_queue

create or replace function earnings.tg_balance_queue__fold_balances()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_practitioner_ids bigint[];
    v_is_missing boolean;
    v_beyond_ids bigint[];
begin
    with taken as (
        delete from earnings.balance_queue as queue
        where queue.transaction_id = pg_current_xact_id()
        returning queue.practitioner_id
    )

    select
        array_agg(taken.practitioner_id order by taken.practitioner_id),
        bool_or(balances.id is null)
    into v_practitioner_ids, v_is_missing
    from taken
    left join public.payments_practitionerearnings as balances on taken.practitioner_id = balances.practitioner_id;

    if v_practitioner_ids is null then
        return null;
    end if;

    if v_is_missing then
        insert into public.payments_practitionerearnings (
            created_at, updated_at, pending_balance_cents, available_balance_cents,
            lifetime_earnings_cents, lifetime_payouts_cents, last_payout_date, practitioner_id
        )
        select now(), now(), 0, 0, 0, 0, null, practitioners.id
        from public.practitioners_practitioner as practitioners
        where practitioners.id = any (v_practitioner_ids)
            and not exists (
                select
                from public.payments_practitionerearnings as balances
                where balances.practitioner_id = practitioners.id
            )
        order by practitioners.id
        on conflict (practitioner_id) do nothing;
    end if;

    perform
    from public.payments_practitionerearnings as balances
    where balances.practitioner_id = any (v_practitioner_ids)
    order by balances.practitioner_id
    for no key update;

    with

    truth as materialized (

        select touched.practitioner_id, sums.*
        from unnest(v_practitioner_ids) as touched (practitioner_id)
        cross join lateral earnings.true_balance(touched.practitioner_id) as sums

    ),

    folded as (

        update public.payments_practitionerearnings as balances
        set
            pending_balance_cents = truth.pending_balance_cents,
            available_balance_cents = truth.available_balance_cents,
            lifetime_earnings_cents = truth.lifetime_earnings_cents,
            lifetime_payouts_cents = truth.lifetime_payouts_cents,
            last_payout_date = truth.last_payout_date,
            updated_at = now()
        from truth
        where balances.practitioner_id = truth.practitioner_id
            and (
                balances.pending_balance_cents, balances.available_balance_cents, balances.lifetime_earnings_cents,
                balances.lifetime_payouts_cents, balances.last_payout_date
            ) is distinct from (
                truth.pending_balance_cents, truth.available_balance_cents, truth.lifetime_earnings_cents,
                truth.lifetime_payouts_cents, truth.last_payout_date
            )

    )

    select array_agg(truth.practitioner_id order by truth.practitioner_id)
    into v_beyond_ids
    from truth
    where greatest(truth.lifetime_earnings_cents, truth.lifetime_payouts_cents, truth.available_balance_cents) = 2147483647
        or least(truth.lifetime_earnings_cents, truth.available_balance_cents) = -2147483648;

    if v_beyond_ids is not null then
        perform earnings.raise_exception_row('balance_exceeds_cache', 'practitioner', beyond.practitioner_id)
        from unnest(v_beyond_ids) as beyond (practitioner_id);
    end if;

    return null;
end
$$;

comment on function earnings.tg_balance_queue__fold_balances()
is 'Makes the cached balances of every practitioner that the transaction touched true, once (R17, R20 d).';
