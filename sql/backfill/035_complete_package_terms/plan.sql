-- One row per package order without a legacy parent whose metadata lacks a key, or whose
-- session value is not floor(price / sessions) (R7, R10).

with

orders_found as (

    select
        orders.id,
        orders.practitioner_id,
        orders.service_id,
        orders.created_at,
        orders.subtotal_amount_cents,
        coalesce(nullif(orders.package_metadata, 'null'), '{}') as package_metadata,
        orders.package_metadata as old_metadata,
        services.validity_days,
        case when types.code = 'bundle' or orders.order_type = 'bundle' then 'bundle' else 'package' end as kind
    from payments_order as orders
    inner join services_service as services on orders.service_id = services.id
    inner join services_servicetype as types on services.service_type_id = types.id
    where orders.id > current_setting('earnings_migration.after_id')::bigint
        and orders.id <= current_setting('earnings_migration.until_id')::bigint
        and orders.order_type in ('package', 'bundle')
        and not exists (
            select from purchase_bookings where purchase_bookings.order_id = orders.id
        )

),

terms as (

    select
        *,
        coalesce(
            case
                when jsonb_typeof(package_metadata -> 'total_sessions') = 'number'
                    and (package_metadata ->> 'total_sessions')::numeric >= 1
                    then trunc((package_metadata ->> 'total_sessions')::numeric)::integer
            end,
            nullif(
                (
                    select count(*)::integer
                    from bookings_booking as bookings
                    where bookings.order_id = orders_found.id and bookings.rescheduled_from_id is null
                ),
                0
            ),
            earnings.package_session_count(service_id)
        ) as session_count
    from orders_found

),

described as (

    select
        *,
        jsonb_strip_nulls(jsonb_build_object(
            'package_type', kind,
            'sessions_completed', 0,
            case kind when 'bundle' then 'bundle_service_id' else 'package_service_id' end, service_id,
            'bundled_service_id', case kind when 'bundle' then earnings.bundled_service_id(service_id) end,
            'expires_at', created_at + make_interval(days => nullif(validity_days, 0))
        ))
        || jsonb_strip_nulls(package_metadata)
        || jsonb_strip_nulls(jsonb_build_object(
            'total_sessions', session_count,
            'session_value_cents', case
                when subtotal_amount_cents = 0 then package_metadata -> 'session_value_cents'
                else to_jsonb(subtotal_amount_cents / session_count)
            end
        )) as new_metadata
    from terms

)

select
    'payments_order' as table_name,
    id as row_id,
    'update' as operation,
    case when old_metadata is null then 'terms_were_missing' else 'terms_were_incomplete' end as reason,
    practitioner_id,
    null as currency,
    null::bigint as amount_cents,
    jsonb_build_object('package_metadata', old_metadata) as before,
    jsonb_build_object('package_metadata', new_metadata) as after
from described
where session_count is not null and old_metadata is distinct from new_metadata

union all

select
    'exceptions' as table_name,
    described.id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    described.practitioner_id,
    null as currency,
    null as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', described.id,
        'detail', '{}'::jsonb,
        'proposed_action', kinds.proposed_action
    ) as after
from described
inner join exception_kinds as kinds on kinds.kind = 'package_without_sessions'
where described.session_count is null
    and not exists (
        select
        from exceptions
        where exceptions.subject_id = described.id
            and exceptions.kind = kinds.kind
            and exceptions.subject = kinds.subject
            and exceptions.resolved_at is null
    )
