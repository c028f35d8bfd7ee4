-- Assumes that finance.session_values and finance.package_progress were built at one moment.
-- If it fails, what is still owed to clients (the liability) is wrong by the difference.

with

sessions as (

    select
        order_id,
        count(*) as session_count,
        count(*) filter (where is_used) as delivered_count,
        coalesce(sum(session_value_cents - refunded_cents) filter (where is_used), 0) as delivered_cents
    from {{ ref('session_values') }}
    group by order_id

),

packages as (

    select
        order_id,
        session_count,
        delivered_count,
        delivered_cents
    from {{ ref('package_progress') }}
    where session_count is not null

)

select
    coalesce(sessions.order_id, packages.order_id) as order_id,
    sessions.session_count as sessions_listed,
    packages.session_count as sessions_sold,
    sessions.delivered_cents as sessions_delivered_cents,
    packages.delivered_cents as package_delivered_cents
from sessions
full outer join packages on sessions.order_id = packages.order_id
where
    sessions.session_count is distinct from packages.session_count
    or sessions.delivered_count is distinct from packages.delivered_count
    or sessions.delivered_cents is distinct from packages.delivered_cents
