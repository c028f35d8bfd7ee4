-- One row per month and currency: the ledger by status, and what the platform keeps of it.

select
    currency,
    month_on,
    sum(row_count)::bigint as row_count,
    coalesce(sum(net_cents) filter (where status = 'projected'), 0)::bigint as projected_cents,
    coalesce(sum(net_cents) filter (where status = 'pending'), 0)::bigint as pending_cents,
    coalesce(sum(net_cents) filter (where status = 'available'), 0)::bigint as available_cents,
    coalesce(sum(net_cents) filter (where status = 'paid'), 0)::bigint as paid_cents,
    coalesce(sum(net_cents) filter (where status = 'reversed'), 0)::bigint as reversed_cents,
    coalesce(sum(commission_cents) filter (where status <> 'reversed'), 0)::bigint as commission_cents
from finance.earnings_by_month
group by currency, month_on
order by currency, month_on
