-- earnings.tg_orders__remember_order()
--
-- Remembers, for the rest of the transaction, which order was inserted for which client
-- and service, so that the bookings of the same checkout find it (R15).  An order without
-- a service, of credits or a subscription, has no bookings.
--
-- Fired by  earnings_900_remember_order on public.payments_order

create or replace function earnings.tg_orders__remember_order()
returns trigger
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.service_id is null then
        return null;
    end if;

    perform set_config(
        'earnings.orders_of_transaction',
        (
            coalesce(nullif(current_setting('earnings.orders_of_transaction', true), '')::jsonb, '{}')
            || jsonb_build_object(new.user_id || '/' || new.service_id, new.id)
        )::text,
        true
    );
    return null;
end
$$;

comment on function earnings.tg_orders__remember_order()
is 'Remembers for the rest of the transaction which order was inserted for which client and service (R15).';
