-- Package orders whose session value is not floor(price / sessions), by their frozen terms
-- where a session was delivered.

select
    'order' as subject,
    orders.id as subject_id,
    format(
        'session_value_cents %s, price %s over %s',
        orders.package_metadata ->> 'session_value_cents',
        coalesce(terms.price_cents, orders.subtotal_amount_cents),
        orders.package_metadata ->> 'total_sessions'
    ) as offence
from payments_order as orders
left join package_terms as terms on orders.id = terms.order_id
where orders.order_type in ('package', 'bundle')
    and orders.subtotal_amount_cents > 0
    and jsonb_typeof(orders.package_metadata -> 'total_sessions') = 'number'
    and (orders.package_metadata ->> 'total_sessions')::numeric >= 1
    and orders.package_metadata ->> 'session_value_cents' is distinct from
    (
        coalesce(terms.price_cents, orders.subtotal_amount_cents)
        / (orders.package_metadata ->> 'total_sessions')::integer
    )::text
