-- earnings.tg_orders__guard_insert()
--
-- Gives a package order its type and its metadata where the app did not (R10).  A bundle
-- that is not offered as one is stored as a package of package_type bundle, because the
-- app's earlier version refuses to save a bundle again.
--
-- Fired by  earnings_100_guard_insert on public.payments_order
-- Raises    23X10 metadata that cannot be true

create or replace function earnings.tg_orders__guard_insert()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_service record;
    v_package_type text;
    v_session_count integer;
begin
    select types.code, services.validity_days
    into v_service
    from public.services_service as services
    inner join public.services_servicetype as types on services.service_type_id = types.id
    where services.id = new.service_id;

    v_package_type := case
        when new.order_type in ('package', 'bundle')
            then coalesce(new.package_metadata ->> 'package_type', nullif(v_service.code, 'session'), new.order_type)
        when v_service.code in ('package', 'bundle') then v_service.code
    end;

    if v_package_type is null or v_package_type not in ('package', 'bundle') then
        return new;
    end if;

    if jsonb_typeof(new.package_metadata -> 'total_sessions') <> 'null'
        and not earnings.usable_metadata(new.package_metadata) ? 'total_sessions'
    then
        raise exception 'order % cannot sell % sessions', new.id, new.package_metadata -> 'total_sessions'
            using
                errcode = '23X10',
                detail = 'A package sells a whole number of sessions, from 1 to 10,000.',
                hint = 'Give total_sessions as a whole number from 1 on, or leave it out.';
    end if;

    new.package_metadata := earnings.usable_metadata(new.package_metadata);

    if new.order_type <> 'bundle' then
        new.order_type := 'package';
    end if;

    v_session_count := coalesce(
        (new.package_metadata ->> 'total_sessions')::integer,
        earnings.package_session_count(new.service_id)
    );

    new.package_metadata := jsonb_strip_nulls(jsonb_build_object(
        'package_type', v_package_type,
        'total_sessions', v_session_count,
        'sessions_completed', 0,
        'session_value_cents', new.subtotal_amount_cents / v_session_count,
        case v_package_type when 'bundle' then 'bundle_service_id' else 'package_service_id' end, new.service_id,
        'bundled_service_id', case when v_package_type = 'bundle' then earnings.bundled_service_id(new.service_id) end,
        'expires_at', new.created_at + make_interval(days => nullif(v_service.validity_days, 0))
    )) || new.package_metadata || '{"sessions_completed": 0}';

    return new;
end
$$;

comment on function earnings.tg_orders__guard_insert()
is 'Gives a package order its type and its metadata where the app did not (R10).';
