-- A slot without the cents that do not divide.
create or replace function earnings.slot_amount(price_cents integer, session_count integer, slot_number integer)
returns integer
language sql
immutable
parallel safe
strict
as $$ select price_cents / session_count $$;

-- An earnings row that was written past the triggers.
with broken as (
    update payments_earningstransaction
    set net_amount_cents = net_amount_cents + 7, gross_amount_cents = gross_amount_cents + 7
    where id = (
            select min(id) from payments_earningstransaction where status = 'paid' and currency = 'USD'
        )
    returning practitioner_id
)

select 'ledger' as name, practitioner_id from broken;

-- An entry of the history that was changed after the next one had been written.
with broken as (
    update earnings.transitions
    set net_amount_cents = net_amount_cents + 5
    where id = (
            select max(earlier.id)
            from earnings.transitions as earlier
            inner join earnings.transitions as later on earlier.earnings_id = later.earnings_id
            where earlier.to_status = 'pending' and later.from_status = 'pending' and later.to_status = 'available'
        )
    returning practitioner_id
)

select 'history' as name, practitioner_id from broken;

-- A day that the next build but one carries on: it lies in the slot of the first build.
with broken as (
    update marts_a.practitioner_balances_daily
    set available_cents = available_cents + 3
    where (practitioner_id, currency, day_on) = (
            select practitioner_id, currency, day_on
            from marts_a.practitioner_balances_daily
            where is_final and currency = 'USD'
            order by day_on desc, practitioner_id
            limit 1 offset 20
        )
    returning practitioner_id
)

select 'day' as name, practitioner_id from broken;
