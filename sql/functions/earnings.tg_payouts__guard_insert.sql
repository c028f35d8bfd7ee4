-- earnings.tg_payouts__guard_insert()
--
-- Refuses a payout before money moves when it is empty or exceeds what its practitioner
-- has available in its currency (R21).  Locks these rows first, so that two payouts of
-- one practitioner come one after the other (R20 e).
--
-- Fired by  earnings_100_guard_insert on public.payments_practitionerpayout
-- Locks     the practitioner's available earnings by id
-- Raises    23X12

create or replace function earnings.tg_payouts__guard_insert()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_offered constant bigint := coalesce(new.credits_payout_cents, 0)::bigint + coalesce(new.cash_payout_cents, 0);
    v_available bigint;
begin
    perform
    from public.payments_earningstransaction as available
    where available.practitioner_id = new.practitioner_id and available.status = 'available'
    order by available.id
    for no key update;

    select coalesce(sum(available.net_amount_cents), 0)
    into v_available
    from public.payments_earningstransaction as available
    where available.practitioner_id = new.practitioner_id
        and available.status = 'available'
        and available.currency = new.currency;

    if v_offered <= 0 or v_offered > v_available then
        raise exception 'practitioner % cannot be paid % cents', coalesce(new.practitioner_id::text, 'null'), v_offered
            using
                errcode = '23X12',
                detail = format('%s cents are available in %s.', v_available, new.currency),
                hint = 'Create the payout from available rows of one currency.';
    end if;

    return new;
end
$$;

comment on function earnings.tg_payouts__guard_insert()
is 'Refuses a payout that is empty or exceeds what its practitioner has available (R21).';
