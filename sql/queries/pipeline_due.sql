-- What the jobs would find due at a moment, judged by the app's own tables alone; one row per
-- job and currency.  Also right before the engine is there, and about as much after it.
with

ends as (

    select
        bookings.id,
        case types.code
            when 'workshop' then sessions.end_time
            when 'course'
                then (
                    select max(lessons.end_time)
                    from public.service_sessions as lessons
                    where lessons.service_id = bookings.service_id
                )
            else bookings.end_time
        end as ended_at
    from public.bookings_booking as bookings
    inner join public.services_service as services on bookings.service_id = services.id
    inner join public.services_servicetype as types on services.service_type_id = types.id
    left join public.service_sessions as sessions on bookings.service_session_id = sessions.id
    where
        bookings.status in ('confirmed', 'in_progress')
        and not bookings.is_deleted
        and not coalesce((to_jsonb(bookings) ->> 'is_package_purchase')::boolean, false)
        and not coalesce((to_jsonb(bookings) ->> 'is_bundle_purchase')::boolean, false)

),

due_bookings as (

    select
        coalesce(entries.currency, 'no earnings yet') as currency,
        ends.id,
        coalesce(sum(entries.net_amount_cents), 0) as net_cents
    from ends
    left join public.payments_earningstransaction as entries
        on ends.id = entries.booking_id and entries.status in ('projected', 'pending', 'available')
    where ends.ended_at < %(as_of)s
    group by coalesce(entries.currency, 'no earnings yet'), ends.id

)

select
    'complete' as job,
    due_bookings.currency,
    count(*) as row_count,
    sum(due_bookings.net_cents)::bigint as net_cents
from due_bookings
group by due_bookings.currency
union all
select
    'release' as job,
    entries.currency,
    count(*) as row_count,
    sum(entries.net_amount_cents)::bigint as net_cents
from public.payments_earningstransaction as entries
inner join public.bookings_booking as bookings on entries.booking_id = bookings.id
where
    entries.status = 'pending'
    and entries.available_after <= %(as_of)s
    and bookings.status = 'completed'
group by entries.currency
order by job, currency
