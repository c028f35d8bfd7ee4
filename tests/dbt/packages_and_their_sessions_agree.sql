-- Assumes that finance.session_values and finance.package_progress were built at one moment.
-- If it fails, what is still owed to clients (the liability) is wrong by the difference.

with

sessions as (

    select
        order_id,
        count(*) as session_count,
        count(*) filter (where is_used) as delivered_count,
        coalesce(sum(session_value_cents - refunded_cents) filter (where is_used), 0) as earned_cents,
        coalesce(
            sum(session_value_cents - refunded_cents) filter (where not is_used and booking_status <> 'draft'), 0
        ) as booked_cents
    from {{ ref('session_values') }}
    group by order_id

),

packages as (

    select
        order_id,
        session_count,
        delivered_count,
        earned_cents,
        is_expired,
        not_yet_delivered_cents
    from {{ ref('package_progress') }}
    where session_count is not null

)

select
    coalesce(sessions.order_id, packages.order_id) as order_id,
    sessions.session_count as sessions_listed,
    packages.session_count as sessions_sold,
    sessions.earned_cents as sessions_earned_cents,
    packages.earned_cents as package_earned_cents,
    sessions.booked_cents as sessions_booked_cents,
    packages.not_yet_delivered_cents as package_not_yet_delivered_cents
from sessions
full outer join packages on sessions.order_id = packages.order_id
where
    sessions.session_count is distinct from packages.session_count
    or sessions.delivered_count is distinct from packages.delivered_count
    or sessions.earned_cents is distinct from packages.earned_cents
    or (not packages.is_expired and sessions.booked_cents is distinct from packages.not_yet_delivered_cents)
