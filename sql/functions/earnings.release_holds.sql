-- earnings.release_holds(as_of, batch_size)
--
-- Moves earnings whose hold has elapsed from pending to available.
-- Safe to run from several sessions at once: each takes only rows the others
-- have not locked.  Returns the rows it moved; no rows means nothing is due.
--
-- Writes    public.payments_earningstransaction (status)
-- Raises    23X09 as_of lies in the future

create or replace function earnings.release_holds(
    as_of timestamptz default now(),
    batch_size integer default 1000
)
returns table (earnings_id bigint, net_amount_cents integer, currency text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set lock_timeout = '800ms'
as $$
begin
    perform earnings.refuse_future(release_holds.as_of);
    perform earnings.beat();

    return query
    with

    longest as (

        select held.practitioner_id
        from public.payments_earningstransaction as held
        where held.status = 'pending'
            and held.available_after <= release_holds.as_of
        -- the order of the index, so that a batch reads what it takes; skipping, it waits for nobody
        order by held.available_after
        limit release_holds.batch_size
        for no key update skip locked

    ),

    -- all that is due of one practitioner, then of the next: a batch sums up few balances, not one a row
    due as (

        select held.id
        from (select distinct longest.practitioner_id from longest) as practitioners
        inner join public.payments_earningstransaction as held
            on practitioners.practitioner_id = held.practitioner_id
        where held.status = 'pending'
            and held.available_after <= release_holds.as_of
        order by practitioners.practitioner_id
        limit release_holds.batch_size
        for no key update of held skip locked

    )

    update public.payments_earningstransaction as held
    set status = 'available', updated_at = now()
    from due
    where held.id = due.id
    returning held.id, held.net_amount_cents, held.currency::text;

    -- the balances' locks are waited for here, where lock_timeout makes the job the one to give way
    set constraints earnings.earnings_900_fold_balances immediate;
    set constraints earnings.earnings_900_fold_balances deferred;
end
$$;

comment on function earnings.release_holds(timestamptz, integer)
is 'Moves earnings whose hold has elapsed from pending to available; returns the rows it moved (R4, R22).';
