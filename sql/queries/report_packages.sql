-- One row per currency and kind of package: where every cent of the price stands.

select
    currency,
    package_type,
    count(*) as order_count,
    sum(price_cents)::bigint as price_cents,
    sum(earned_cents)::bigint as earned_cents,
    sum(liability_cents)::bigint as liability_cents,
    sum(expired_cents)::bigint as expired_cents,
    sum(refunded_cents)::bigint as refunded_cents,
    sum(prepaid_unused_cents)::bigint as prepaid_unused_cents
from finance.package_progress
group by currency, package_type
order by currency asc, package_type desc
