-- earnings.package_price_cents(package_order)
--
-- P, the price that a package's slots share, in cents, before credits (R7).  Synthetic
-- orders can carry a session value and no subtotal.

create or replace function earnings.package_price_cents(package_order public.payments_order)
returns integer
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select
        case
            when package_order.subtotal_amount_cents = 0
                and jsonb_typeof(package_order.package_metadata -> 'session_value_cents') = 'number'
                and jsonb_typeof(package_order.package_metadata -> 'total_sessions') = 'number'
                then least(
                    trunc((package_order.package_metadata ->> 'session_value_cents')::numeric)
                    * trunc((package_order.package_metadata ->> 'total_sessions')::numeric),
                    2147483647
                )::integer
            else package_order.subtotal_amount_cents
        end;
$$;

comment on function earnings.package_price_cents(public.payments_order)
is 'The price that a package''s slots share, in cents, before credits (R7).';
