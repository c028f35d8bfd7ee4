-- Where the earnings of each order stand now.

select
    order_id,
    currency,
    status,
    sum(net_cents)::bigint as net_cents
from finance.earnings
where order_id = any(%(order_ids)s::bigint[])
group by order_id, currency, status;
