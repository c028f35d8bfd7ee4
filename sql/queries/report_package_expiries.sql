-- One row per currency and month in which packages expire: what is still owed for them.
-- Months that have passed as of the moment are one row, so are packages that never expire.

with

placed as (

    select
        currency,
        liability_cents,
        case
            when expires_at is null then 'never'
            when expires_at < %(as_of)s::timestamptz then 'passed'
            else 'month'
        end as part,
        case
            when expires_at >= %(as_of)s::timestamptz
                then date_trunc('month', expires_at at time zone 'UTC')::date
        end as month_on
    from finance.package_progress
    where liability_cents > 0

)

select
    currency,
    part,
    month_on,
    count(*) as order_count,
    sum(liability_cents)::bigint as liability_cents
from placed
group by currency, part, month_on
order by currency, part = 'never', part = 'month', month_on
