-- One row per currency and day (UTC): what becomes available on it.  Pending rows have a
-- date that stands; projected rows only the date that follows if they are delivered as booked.

with

earnings as (

    select
        currency,
        status,
        net_cents,
        (available_at at time zone 'UTC')::date as available_on
    from {{ ref('stg_marketplace__earnings') }}
    where status in ('pending', 'projected')

),

summed as (

    select
        currency,
        available_on,
        count(*) filter (where status = 'pending') as pending_count,
        coalesce(sum(net_cents) filter (where status = 'pending'), 0)::bigint as pending_cents,
        count(*) filter (where status = 'projected') as projected_count,
        coalesce(sum(net_cents) filter (where status = 'projected'), 0)::bigint as projected_cents
    from earnings
    group by currency, available_on

)

select * from summed
