-- earnings.expire_packages(as_of)
--
-- Marks the undelivered share of expired packages as breakage, in earnings.breakage
-- only: no booking or earnings row is written, and a session delivered later still earns
-- (R22).  What a refund has used up is not breakage (R9).  Returns the packages it marked;
-- running it twice marks nothing twice.
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
    with

    expired as (

        select
            orders.id,
            orders.currency::text as currency,
            earnings.moment(orders.package_metadata ->> 'expires_at') as expires_at
        from public.payments_order as orders
        where orders.order_type in ('package', 'bundle')
            and orders.package_metadata ? 'expires_at'
            and orders.status not in ('failed', 'refunded')
            and not exists (select from earnings.breakage where breakage.order_id = orders.id)

    ),

    unused as (

        select
            free.order_id,
            count(*)::integer as session_count,
            sum(free.amount_cents - free.refunded_cents)::integer as amount_cents
        from earnings.free_slots(
            array(select expired.id from expired where expired.expires_at <= expire_packages.as_of)
        ) as free
        group by free.order_id

    )

    insert into earnings.breakage as marked (order_id, expired_at, session_count, amount_cents, currency)
    select expired.id, expired.expires_at, unused.session_count, unused.amount_cents, expired.currency
    from expired
    inner join unused on expired.id = unused.order_id
    order by expired.id
    on conflict do nothing
    returning marked.order_id, marked.session_count, marked.amount_cents, marked.currency;
end
$$;

comment on function earnings.expire_packages(timestamptz)
is 'Marks the undelivered share of expired packages as breakage; returns the packages it marked (R22).';
