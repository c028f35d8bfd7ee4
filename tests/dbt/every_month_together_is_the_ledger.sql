-- Assumes that every row of the ledger falls into one month, delivered or not.
-- If it fails, the months add up to more or less commission than the platform has.

with

months as (

    select
        currency,
        status,
        sum(row_count) as row_count,
        sum(net_cents) as net_cents
    from {{ ref('earnings_by_month') }}
    group by currency, status

),

ledger as (

    select
        currency,
        status,
        count(*) as row_count,
        sum(net_cents) as net_cents
    from {{ ref('earnings') }}
    group by currency, status

)

select
    coalesce(months.currency, ledger.currency) as currency,
    coalesce(months.status, ledger.status) as status,
    months.row_count as month_row_count,
    ledger.row_count as ledger_row_count,
    months.net_cents as month_net_cents,
    ledger.net_cents as ledger_net_cents
from months
full outer join ledger
    on months.currency = ledger.currency and months.status = ledger.status
where
    months.row_count is distinct from ledger.row_count
    or months.net_cents is distinct from ledger.net_cents
