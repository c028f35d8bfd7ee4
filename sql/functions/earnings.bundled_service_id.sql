-- earnings.bundled_service_id(service_id)
--
-- The service that a bundle's sessions take: its single related child, else the bundle
-- itself (R11).
--
-- Reads     public.service_relationships

create or replace function earnings.bundled_service_id(service_id bigint)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select case when count(*) = 1 then min(relationships.child_service_id) else bundled_service_id.service_id end
    from public.service_relationships as relationships
    where relationships.parent_service_id = bundled_service_id.service_id
        and relationships.child_service_id is not null;
$$;

comment on function earnings.bundled_service_id(bigint)
is 'The service that a bundle''s sessions take: its single related child, else the bundle itself (R11).';
