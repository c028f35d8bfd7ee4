-- Projected earnings are held until the appointment's end plus the hold; without an end,
-- until the row was made plus the hold.
--
-- Rule      R4
-- Reads     earnings
-- If not    The forecast of releases is wrong. Saving the booking again moves the hold.

with

setting as (

    select value::interval as hold
    from earnings.settings
    where name = 'hold'

),

projected as (

    select
        earnings.id,
        earnings.available_after,
        coalesce(
            case types.code
                when 'workshop' then coalesce(sessions.end_time, bookings.end_time)
                when 'course'
                    then (
                        select max(course_sessions.end_time)
                        from public.service_sessions as course_sessions
                        where course_sessions.service_id = services.id
                    )
                else bookings.end_time
            end,
            earnings.created_at
        ) + setting.hold as expected_after
    from public.payments_earningstransaction as earnings
    cross join setting
    inner join public.bookings_booking as bookings on earnings.booking_id = bookings.id
    inner join public.services_service as services on bookings.service_id = services.id
    inner join public.services_servicetype as types on services.service_type_id = types.id
    left join public.service_sessions as sessions on bookings.service_session_id = sessions.id
    where
        earnings.status = 'projected'
        and earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')

)

select
    'earnings' as subject,
    id as subject_id,
    format('held until %s instead of %s', available_after, expected_after) as detail
from projected
where available_after <> expected_after
