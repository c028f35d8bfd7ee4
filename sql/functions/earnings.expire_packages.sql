-- earnings.expire_packages(as_of)
--
-- Marks the undelivered share of expired packages as breakage, in earnings.breakage
-- only: no booking or earnings row is written, and a session delivered later still earns
-- (R22).  Returns the packages it marked; running it twice marks nothing twice.
--
-- Reads     public.payments_order, earnings.package_terms, session_slots
-- Writes    earnings.breakage
-- Raises    23X09 as_of lies in the future

create or replace function earnings.expire_packages(as_of timestamptz default now())
returns table (order_id bigint, session_count integer, amount_cents integer, currency text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform earnings.refuse_future(expire_packages.as_of);
    perform earnings.beat();

    return query
    insert into earnings.breakage as marked (order_id, expired_at, session_count, amount_cents, currency)
    select
        expired.order_id,
        expired.expires_at,
        (expired.session_count - used.session_count)::integer,
        (expired.price_cents - used.amount_cents)::integer,
        expired.currency
    from (
        select
            orders.id as order_id,
            coalesce(terms.price_cents, earnings.package_price_cents(orders)) as price_cents,
            coalesce(terms.session_count, (orders.package_metadata ->> 'total_sessions')::integer) as session_count,
            orders.currency::text as currency,
            (earnings.usable_metadata(orders.package_metadata) ->> 'expires_at')::timestamptz as expires_at
        from public.payments_order as orders
        left join earnings.package_terms as terms on orders.id = terms.order_id
        where orders.order_type in ('package', 'bundle')
            and orders.package_metadata ? 'expires_at'
            and orders.status not in ('failed', 'refunded')
            and not exists (select from earnings.breakage where breakage.order_id = orders.id)
    ) as expired
    cross join lateral (
        select count(*) as session_count, coalesce(sum(slots.amount_cents), 0) as amount_cents
        from earnings.session_slots as slots
        where slots.order_id = expired.order_id
    ) as used
    where expired.expires_at <= expire_packages.as_of
        and expired.session_count > used.session_count
    order by expired.order_id
    on conflict do nothing
    returning marked.order_id, marked.session_count, marked.amount_cents, marked.currency;
end
$$;

comment on function earnings.expire_packages(timestamptz)
is 'Marks the undelivered share of expired packages as breakage; returns the packages it marked (R22).';
