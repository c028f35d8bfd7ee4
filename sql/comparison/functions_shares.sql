-- What the engine says of every session of these package orders: what slot_amount makes of its
-- worth, what its slot was or would be taken for, and what a refund of the package has used up.
-- A slot that is neither taken nor free is used up whole.

with

sold as (

    select
        orders.id as order_id,
        coalesce(terms.currency, orders.currency) as currency,
        coalesce(terms.price_cents, greatest(earnings.package_price_cents(orders), 0)) as price_cents,
        coalesce(
            terms.session_count,
            (earnings.usable_metadata(orders.package_metadata) ->> 'total_sessions')::integer
        ) as session_count
    from public.payments_order as orders
    left join earnings.package_terms as terms on orders.id = terms.order_id
    where orders.id = any(%(order_ids)s::bigint[])

),

cut as (

    select
        sold.order_id,
        numbers.slot_number,
        sold.currency,
        earnings.slot_amount(sold.price_cents, sold.session_count, numbers.slot_number) as amount_cents
    from sold
    cross join lateral generate_series(1, sold.session_count) as numbers (slot_number)

)

select
    cut.order_id,
    cut.slot_number,
    cut.currency,
    cut.amount_cents,
    coalesce(taken.amount_cents, free.amount_cents) as slot_cents,
    coalesce(taken.refunded_cents, free.refunded_cents, cut.amount_cents) as refunded_cents
from cut
left join earnings.session_slots as taken
    on cut.order_id = taken.order_id and cut.slot_number = taken.slot_number
left join earnings.free_slots(%(order_ids)s::bigint[]) as free
    on cut.order_id = free.order_id and cut.slot_number = free.slot_number;
