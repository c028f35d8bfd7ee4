-- The shares of the last build: what each session of these package orders is worth, and what a
-- refund of the package has used up of it.

select
    order_id,
    session_number,
    currency,
    session_value_cents,
    refunded_cents
from finance.session_values
where order_id = any(%(order_ids)s::bigint[]);
