-- One row per package order of which the most is still owed, with the number of all such.

select
    packages.order_id,
    packages.service_name,
    packages.practitioner_id,
    packages.currency,
    packages.session_count,
    packages.delivered_count,
    packages.price_cents,
    packages.liability_cents,
    packages.prepaid_unused_cents,
    packages.expires_at,
    count(*) over () as all_count
from finance.package_progress as packages
where packages.liability_cents > 0
order by
    count(*) over (partition by packages.currency) desc,
    packages.currency asc,
    packages.liability_cents desc,
    packages.order_id asc
limit %(shown)s
