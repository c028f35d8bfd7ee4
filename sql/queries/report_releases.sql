-- One row per currency and day of the release schedule within the window, as seen from as_of;
-- days before it are summed into one row without a day (overdue), later ones likewise.

with

as_of as (

    select (%(as_of)s::timestamptz at time zone 'UTC')::date as today

),

placed as (

    select
        schedule.currency,
        case
            when schedule.available_on < as_of.today then 'overdue'
            when schedule.available_on < as_of.today + %(days)s::integer then 'day'
            else 'later'
        end as part,
        case
            when
                schedule.available_on >= as_of.today
                and schedule.available_on < as_of.today + %(days)s::integer
                then schedule.available_on
        end as available_on,
        schedule.pending_count,
        schedule.pending_cents,
        schedule.projected_count,
        schedule.projected_cents
    from finance.release_schedule as schedule
    cross join as_of

)

select
    currency,
    part,
    available_on,
    sum(pending_count)::bigint as pending_count,
    sum(pending_cents)::bigint as pending_cents,
    sum(projected_count)::bigint as projected_count,
    sum(projected_cents)::bigint as projected_cents
from placed
group by currency, part, available_on
order by currency, part = 'later', part = 'day', available_on
