-- earnings.tg_orders__remember_order()
--
-- Remembers, for the rest of the transaction, which order was inserted for which client
-- and service, so that the bookings of the same checkout find it (R15).  An order without
-- a service, of credits or a subscription, has no bookings.  The newest stands first, as
-- user/service=order; whoever reads it trusts it as little as any word of the session.
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
        concat_ws(
            ',',
            format('%s/%s=%s', new.user_id, new.service_id, new.id),
            nullif(current_setting('earnings.orders_of_transaction', true), '')
        ),
        true
    );
    return null;
end
$$;

comment on function earnings.tg_orders__remember_order()
is 'Remembers for the rest of the transaction which order was inserted for which client and service (R15).';
