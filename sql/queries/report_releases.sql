-- One row per currency and day of the release schedule within the window, as seen from as_of;
-- days before it are summed into one row without a day (overdue), later ones likewise.

with

time_window as (

    select
        (%(as_of)s::timestamptz at time zone 'UTC')::date as first_on,
        (%(as_of)s::timestamptz at time zone 'UTC')::date + %(days)s::integer as end_on

),

placed as (

    select
        schedule.currency,
        case
            when schedule.available_on < time_window.first_on then 'overdue'
            when schedule.available_on < time_window.end_on then 'day'
            else 'later'
        end as part,
        case
            when
                schedule.available_on >= time_window.first_on
                and schedule.available_on < time_window.end_on
                then schedule.available_on
        end as available_on,
        schedule.pending_count,
        schedule.pending_cents,
        schedule.projected_count,
        schedule.projected_cents
    from finance.release_schedule as schedule
    cross join time_window

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
