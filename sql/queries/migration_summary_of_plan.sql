-- What a step would do: one row per reason and currency.

select
    table_name,
    operation,
    reason,
    currency,
    count(*) as row_count,
    sum(amount_cents)::bigint as amount_cents,
    (array_agg(row_id order by row_id))[1:5] as sample_ids
from planned
group by table_name, operation, reason, currency
order by table_name, operation, reason, currency;
