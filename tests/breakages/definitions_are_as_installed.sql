create or replace function earnings.commission_cents(rate numeric, gross_amount_cents integer)
returns integer
language sql
immutable
parallel safe
as $$ select 0 $$;

select 'earnings.commission_cents'::regproc::oid::bigint
