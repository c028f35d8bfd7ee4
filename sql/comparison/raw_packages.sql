-- Every package order with its frozen terms, if it has any, what was refunded of it in its
-- currency, and the slots that are taken, by number.

with

whole_refunds as (

    select
        order_id,
        upper(currency) as currency,
        sum(amount_cents)::bigint as cents
    from public.payments_usercredittransaction
    where
        transaction_type = 'refund'
        and amount_cents > 0
        and booking_id is null
    group by order_id, upper(currency)

),

session_refunds as (

    select
        bookings.order_id,
        upper(credits.currency) as currency,
        sum(credits.amount_cents)::bigint as cents
    from public.bookings_booking as bookings
    inner join public.payments_usercredittransaction as credits on bookings.id = credits.booking_id
    where
        credits.transaction_type = 'refund'
        and credits.amount_cents > 0
        and bookings.status = 'canceled'
    group by bookings.order_id, upper(credits.currency)

),

taken as (

    select
        order_id,
        jsonb_object_agg(slot_number, refunded_cents) as slots
    from earnings.session_slots
    group by order_id

)

select
    orders.id,
    orders.status,
    orders.currency,
    orders.subtotal_amount_cents,
    orders.package_metadata,
    terms.price_cents,
    terms.session_count,
    coalesce(whole_refunds.cents, 0) as refunded_cents,
    coalesce(session_refunds.cents, 0) as refunded_sessions_cents,
    coalesce(taken.slots, '{}') as taken_slots
from public.payments_order as orders
left join earnings.package_terms as terms on orders.id = terms.order_id
left join whole_refunds
    on orders.id = whole_refunds.order_id and upper(coalesce(terms.currency, orders.currency)) = whole_refunds.currency
left join session_refunds
    on
        orders.id = session_refunds.order_id
        and upper(coalesce(terms.currency, orders.currency)) = session_refunds.currency
left join taken on orders.id = taken.order_id
where orders.order_type in ('package', 'bundle');
