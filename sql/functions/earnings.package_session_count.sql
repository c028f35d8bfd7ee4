-- earnings.package_session_count(service_id)
--
-- How many sessions a package or bundle sells today (R10): a bundle its sessions_included,
-- else the quantities of its relationships.  Null when that is not a positive number.
--
-- Reads     public.services_service, services_servicetype, service_relationships

create or replace function earnings.package_session_count(service_id bigint)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select nullif(
        coalesce(
            case when types.code = 'bundle' then nullif(services.sessions_included, 0) end,
            (
                select sum(relationships.quantity)::integer
                from public.service_relationships as relationships
                where relationships.parent_service_id = services.id
                    and relationships.child_service_id is not null
                    and relationships.quantity > 0
            ),
            0
        ),
        0
    )
    from public.services_service as services
    inner join public.services_servicetype as types on services.service_type_id = types.id
    where services.id = package_session_count.service_id;
$$;

comment on function earnings.package_session_count(bigint)
is 'How many sessions a package or bundle sells today; null when unknown (R10).';
