-- earnings.commission_cents(rate, gross_amount_cents)
--
-- The platform's commission in cents: trunc(rate / 100 * gross), as the app
-- computes it (3333 at 15 % is 499).

create or replace function earnings.commission_cents(rate numeric, gross_amount_cents integer)
returns integer
language sql
immutable
parallel safe
strict
as $$
    select trunc(rate * gross_amount_cents / 100)::integer;
$$;

comment on function earnings.commission_cents(numeric, integer)
is 'The platform''s commission in cents: trunc(rate / 100 * gross) (R5).';
