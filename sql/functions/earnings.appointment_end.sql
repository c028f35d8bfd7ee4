-- earnings.appointment_end(service_id, service_session_id, end_time)
--
-- When an appointment ends (R4).  A workshop ends with its service session, or at
-- the booking's own end without one; a course with the last session of its service
-- (the booking's own times are placeholders); everything else at the booking's end.
-- Null when that is not known.
--
-- Reads     public.services_service, services_servicetype, service_sessions

create or replace function earnings.appointment_end(
    service_id bigint,
    service_session_id bigint,
    end_time timestamptz
)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        case types.code
            when 'workshop' then coalesce(
                (
                    select sessions.end_time
                    from public.service_sessions as sessions
                    where sessions.id = appointment_end.service_session_id
                ),
                appointment_end.end_time
            )
            when 'course' then (
                select max(sessions.end_time)
                from public.service_sessions as sessions
                where sessions.service_id = appointment_end.service_id
            )
            else appointment_end.end_time
        end
    from public.services_service as services
    inner join public.services_servicetype as types on services.service_type_id = types.id
    where services.id = appointment_end.service_id;
$$;

comment on function earnings.appointment_end(bigint, bigint, timestamptz)
is 'When an appointment ends: its service session''s, its course''s or its own end; null when unknown (R4).';
