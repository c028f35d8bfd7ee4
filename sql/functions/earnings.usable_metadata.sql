-- earnings.usable_metadata(package_metadata)
--
-- A package order's metadata without what cannot be used: nulls, and keys of the engine
-- whose value has the wrong type.  Whole numbers lose their decimals; what is not an
-- object is empty (R10).

create or replace function earnings.usable_metadata(package_metadata jsonb)
returns jsonb
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        jsonb_object_agg(
            pairs.key,
            case
                when pairs.key in ('total_sessions', 'sessions_completed', 'session_value_cents')
                    then to_jsonb(trunc((pairs.value #>> '{}')::numeric))
                else pairs.value
            end
        ),
        '{}'
    )
    from jsonb_each(
        case when jsonb_typeof(usable_metadata.package_metadata) = 'object' then usable_metadata.package_metadata end
    ) as pairs
    where jsonb_typeof(pairs.value) <> 'null'
        and case pairs.key
            when 'total_sessions' then jsonb_typeof(pairs.value) = 'number'
                and (pairs.value #>> '{}')::numeric between 1 and 10000
                and (pairs.value #>> '{}')::numeric % 1 = 0
            when 'sessions_completed' then jsonb_typeof(pairs.value) = 'number'
                and (pairs.value #>> '{}')::numeric between 0 and 2147483647
            when 'session_value_cents' then jsonb_typeof(pairs.value) = 'number'
                and (pairs.value #>> '{}')::numeric between 0 and 2147483647
            when 'expires_at' then pairs.value #>> '{}' ~ '^\d{4}-[01]\d-[0-3]\d'
            else true
        end;
$$;

comment on function earnings.usable_metadata(jsonb)
is 'A package order''s metadata without nulls and without keys of the engine that cannot be used (R10).';
