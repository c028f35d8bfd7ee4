-- One row per currency and kind of package: where every cent of the price stands.

select
    currency,
    package_type,
    package_count as order_count,
    price_cents,
    earned_cents,
    liability_cents,
    expired_cents,
    refunded_cents,
    prepaid_unused_cents
from finance.package_liability
order by currency asc, package_type desc
