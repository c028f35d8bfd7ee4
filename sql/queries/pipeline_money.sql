-- The earnings by currency and status, in cents.
select
    currency,
    status,
    count(*) as row_count,
    sum(net_amount_cents)::bigint as net_cents
from public.payments_earningstransaction
group by currency, status
order by
    currency,
    array_position(array['projected', 'pending', 'available', 'paid', 'reversed'], status::text)
