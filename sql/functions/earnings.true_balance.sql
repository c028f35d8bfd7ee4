-- earnings.true_balance(practitioner_id)
--
-- What the app's cached balance of a practitioner has to say, in cents of the platform's
-- currency, from the rows themselves (R17).  A sum beyond the app's column is the nearest
-- number that fits.  Volatile: each call takes a new snapshot,
-- so it sees what committed while the caller waited for the balance row's lock.
--
-- Reads     public.payments_earningstransaction, payments_practitionerpayout

create or replace function earnings.true_balance(practitioner_id bigint)
returns table (
    pending_balance_cents integer,
    available_balance_cents integer,
    lifetime_earnings_cents integer,
    lifetime_payouts_cents integer,
    last_payout_date timestamptz
)
language sql
volatile
rows 1
set search_path = pg_catalog, pg_temp
as $$
    select
        greatest(-2147483648, least(2147483647, sums.pending_cents))::integer,
        greatest(-2147483648, least(2147483647, sums.available_cents))::integer,
        greatest(-2147483648, least(2147483647, sums.lifetime_cents))::integer,
        greatest(-2147483648, least(2147483647, sums.paid_cents))::integer,
        (
            select latest.payout_date
            from (
                select
                    payouts.id,
                    coalesce(payouts.payout_date, payouts.created_at) as payout_date
                from public.payments_practitionerpayout as payouts
                where payouts.practitioner_id = true_balance.practitioner_id
                order by payout_date desc
                -- from the newest on, and not each of them
                offset 0
            ) as latest
            where exists (
                select
                from public.payments_earningstransaction as paid
                where paid.payout_id = latest.id and paid.status || '' = 'paid'
            )
            order by latest.payout_date desc
            limit 1
        )
    from (
        select
            coalesce(sum(rows_of.net_amount_cents) filter (where rows_of.status = 'pending'), 0) as pending_cents,
            coalesce(sum(rows_of.net_amount_cents) filter (where rows_of.status = 'available'), 0) as available_cents,
            coalesce(sum(rows_of.net_amount_cents) filter (where rows_of.status = 'paid'), 0) as paid_cents,
            coalesce(sum(rows_of.net_amount_cents), 0) as lifetime_cents
        from public.payments_earningstransaction as rows_of
        where rows_of.practitioner_id = true_balance.practitioner_id
            and rows_of.status in ('pending', 'available', 'paid')
            and rows_of.currency = (select settings.value from earnings.settings where settings.name = 'currency')
    ) as sums;
$$;

comment on function earnings.true_balance(bigint)
is 'What the app''s cached balance of a practitioner has to say, from the rows themselves (R17).';
