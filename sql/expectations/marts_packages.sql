-- One row per package order: whether its sessions, and its parts, are its price.
select
    packages.order_id,
    packages.session_count is null
    or packages.price_cents = sum(sessions.session_value_cents) as sessions_are_the_price,
    packages.price_cents
    = (
        packages.earned_cents + packages.refundable_cents + packages.refunded_cents
        + packages.expired_cents + packages.not_yet_delivered_cents
    ) as parts_are_the_price
from finance.package_progress as packages
left join finance.session_values as sessions on packages.order_id = sessions.order_id
group by
    packages.order_id,
    packages.session_count,
    packages.price_cents,
    packages.earned_cents,
    packages.refundable_cents,
    packages.refunded_cents,
    packages.expired_cents,
    packages.not_yet_delivered_cents
