-- earnings.free_slots(order_ids)
--
-- One row per slot of these package orders that the next session may take (R7), with its
-- worth in cents, and the part of it that a refund of the whole order has used up.  Before
-- the first delivery the order's own terms count.  Refunds use up the untaken slots from the
-- highest; a slot that is wholly used up is not free (R9).
--
-- Reads     earnings.package_terms, session_slots, public.payments_order,
--           payments_usercredittransaction

create or replace function earnings.free_slots(order_ids bigint[])
returns table (order_id bigint, slot_number integer, amount_cents integer, refunded_cents integer)
language sql
volatile
parallel safe
rows 50
set search_path = pg_catalog, pg_temp
as $$
    with

    untaken as (

        select
            orders.id as order_id,
            numbers.slot_number,
            earnings.slot_amount(sold.price_cents, sold.session_count, numbers.slot_number) as amount_cents,
            refunds.left_cents
        from public.payments_order as orders
        left join earnings.package_terms as terms on orders.id = terms.order_id
        cross join lateral (
            select
                coalesce(terms.price_cents, greatest(earnings.package_price_cents(orders), 0)) as price_cents,
                coalesce(
                    terms.session_count,
                    (earnings.usable_metadata(orders.package_metadata) ->> 'total_sessions')::integer
                ) as session_count
        ) as sold
        cross join lateral (
            select earnings.refunded_order_cents(orders) - (
                select coalesce(sum(slots.refunded_cents), 0)
                from earnings.session_slots as slots
                where slots.order_id = orders.id
            ) as left_cents
        ) as refunds
        cross join lateral generate_series(1, sold.session_count) as numbers (slot_number)
        where orders.id = any (free_slots.order_ids)
            and orders.order_type in ('package', 'bundle')
            and not exists (
                select
                from earnings.session_slots as slots
                where slots.order_id = orders.id and slots.slot_number = numbers.slot_number
                -- asked of each number by its index: a join puts each beside all that are taken
                offset 0
            )

    ),

    lowered as (

        select
            untaken.*,
            greatest(
                0,
                least(
                    untaken.amount_cents,
                    untaken.left_cents - coalesce(
                        sum(untaken.amount_cents) over (
                            partition by untaken.order_id
                            order by untaken.slot_number desc
                            rows between unbounded preceding and 1 preceding
                        ),
                        0
                    )
                )
            )::integer as refunded_cents
        from untaken

    )

    select lowered.order_id, lowered.slot_number, lowered.amount_cents, lowered.refunded_cents
    from lowered
    where lowered.left_cents <= 0 or lowered.refunded_cents < lowered.amount_cents;
$$;

comment on function earnings.free_slots(bigint[])
is 'One row per slot of these package orders that the next session may take, and its worth in cents (R7, R9).';
