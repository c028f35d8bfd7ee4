-- earnings.create_payouts(as_of)
--
-- Creates one payout per practitioner and currency whose available balance reaches the
-- minimum, of all its available rows, negative ones included, however new (R21).  Amounts
-- equal the sum of the rows.  A practitioner some of whose rows somebody holds is left to
-- the next run: a debit may be among them.  Running it twice pays nothing twice: rows are
-- available once.  Returns the payouts it created.
--
-- Locks     earnings by id, skipping what others hold
-- Writes    public.payments_practitionerpayout, payments_earningstransaction
-- Raises    23X09 as_of lies in the future

create or replace function earnings.create_payouts(as_of timestamptz default now())
returns table (
    payout_id bigint,
    practitioner_id bigint,
    currency text,
    net_amount_cents bigint,
    earnings_count bigint
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '800ms'
as $$
declare
    v_minimum constant integer := earnings.setting('payout_minimum')::integer;
    v_due record;
begin
    perform earnings.refuse_future(create_payouts.as_of);
    perform earnings.beat();

    for v_due in
        select locked.practitioner_id, locked.currency, array_agg(locked.id) as earnings_ids,
            sum(locked.net_amount_cents) as net_amount_cents,
            sum(locked.commission_amount_cents) as commission_amount_cents
        from (
            select rows_of.id, rows_of.practitioner_id, rows_of.currency, rows_of.net_amount_cents,
                rows_of.commission_amount_cents
            from public.payments_earningstransaction as rows_of
            where rows_of.status = 'available'
                and (rows_of.available_after <= create_payouts.as_of or rows_of.net_amount_cents < 0)
            order by rows_of.id
            for no key update skip locked
        ) as locked
        group by locked.practitioner_id, locked.currency
        -- what does not fit the app's column is reported when its balance is folded
        having sum(locked.net_amount_cents) between v_minimum and 2147483647
            and count(*) = (
                select count(*)
                from public.payments_earningstransaction as rows_of
                where rows_of.practitioner_id = locked.practitioner_id
                    and rows_of.currency = locked.currency
                    and rows_of.status = 'available'
                    and (rows_of.available_after <= create_payouts.as_of or rows_of.net_amount_cents < 0)
            )
        order by locked.practitioner_id, locked.currency
    loop
        insert into public.payments_practitionerpayout (
            created_at, updated_at, payout_date, credits_payout_cents, cash_payout_cents,
            commission_collected_cents, status, batch_id, currency, notes, payment_method, practitioner_id
        )
        values (
            now(), now(), create_payouts.as_of, v_due.net_amount_cents, 0,
            v_due.commission_amount_cents, 'pending', gen_random_uuid(), v_due.currency,
            'created by earnings.create_payouts', 'manual', v_due.practitioner_id
        )
        returning id into payout_id;

        update public.payments_earningstransaction as rows_of
        set status = 'paid', payout_id = create_payouts.payout_id, updated_at = now()
        where rows_of.id = any (v_due.earnings_ids);

        practitioner_id := v_due.practitioner_id;
        currency := v_due.currency;
        net_amount_cents := v_due.net_amount_cents;
        earnings_count := cardinality(v_due.earnings_ids);
        return next;
    end loop;

    -- the balances' locks are waited for here, where lock_timeout makes the job the one to give way
    set constraints earnings.earnings_900_fold_balances immediate;
    set constraints earnings.earnings_900_fold_balances deferred;
end
$$;

comment on function earnings.create_payouts(timestamptz)
is 'Creates one payout per practitioner and currency whose available balance reaches the minimum (R21).';
