-- One row per legacy parent booking that is set aside as a purchase, per order that takes
-- over its terms (R7, R10), per child that follows its parent's order, and per package
-- whose number of sessions needs a person.

with

parents as (

    select
        bookings.id,
        bookings.order_id,
        bookings.practitioner_id,
        bookings.service_id,
        bookings.created_at,
        case when bookings.is_bundle_purchase then 'bundle' else 'package' end as kind,
        (to_jsonb(bookings) ->> 'bundle_sessions_snapshot')::integer as bundle_sessions_snapshot,
        (
            select count(*)::integer
            from bookings_booking as children
            where children.parent_booking_id = bookings.id and children.rescheduled_from_id is null
        ) as child_count
    from bookings_booking as bookings
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and (bookings.is_package_purchase or bookings.is_bundle_purchase)

),

terms as (

    select
        parents.*,
        services.validity_days,
        earnings.package_session_count(parents.service_id) as session_count_today,
        case parents.kind
            when 'bundle'
                then nullif(
                        greatest(
                            parents.child_count,
                            coalesce(
                                nullif(parents.bundle_sessions_snapshot, 0),
                                earnings.package_session_count(parents.service_id),
                                0
                            )
                        ),
                        0
                    )
            else nullif(parents.child_count, 0)
        end as session_count
    from parents
    inner join services_service as services on parents.service_id = services.id

),

orders_found as (

    select distinct on (orders.id)
        orders.id,
        orders.practitioner_id,
        orders.order_type,
        to_jsonb(orders) -> 'package_metadata' as package_metadata,
        case when orders.order_type = 'bundle' then 'bundle' else 'package' end as new_order_type,
        jsonb_strip_nulls(jsonb_build_object(
            'package_type', terms.kind,
            'total_sessions', terms.session_count,
            'sessions_completed', 0,
            'session_value_cents', orders.subtotal_amount_cents / terms.session_count,
            case terms.kind when 'bundle' then 'bundle_service_id' else 'package_service_id' end, terms.service_id,
            'bundled_service_id', case terms.kind when 'bundle' then earnings.bundled_service_id(terms.service_id) end,
            'expires_at', orders.created_at + make_interval(days => nullif(terms.validity_days, 0)),
            'migrated_from_booking_id', terms.id,
            'migrated_at', now()
        )) as known_metadata
    from terms
    inner join payments_order as orders on terms.order_id = orders.id
    order by orders.id, terms.id

),

orders_described as (

    select
        *,
        known_metadata
        || coalesce(nullif(package_metadata, 'null'), '{}')
        || jsonb_strip_nulls(jsonb_build_object(
            'total_sessions', known_metadata -> 'total_sessions',
            'session_value_cents', known_metadata -> 'session_value_cents'
        )) as new_metadata
    from orders_found

),

children as (

    select
        bookings.id,
        bookings.practitioner_id,
        bookings.order_id,
        terms.order_id as new_order_id
    from terms
    inner join bookings_booking as bookings on terms.id = bookings.parent_booking_id
    where terms.order_id is not null
        and bookings.order_id is distinct from terms.order_id

),

exceptions_found as (

    select
        terms.order_id,
        terms.practitioner_id,
        case
            when terms.session_count is null then 'package_without_sessions'
            else 'package_sessions_disagree'
        end as kind,
        jsonb_build_object(
            'booking_id', terms.id, 'sold', terms.session_count, 'today', terms.session_count_today
        ) as detail
    from terms
    where terms.order_id is not null
        and (terms.session_count is null or terms.session_count is distinct from terms.session_count_today)

)

select
    'purchase_bookings' as table_name,
    parents.id as row_id,
    'insert' as operation,
    'parent_set_aside' as reason,
    parents.practitioner_id,
    null as currency,
    null::bigint as amount_cents,
    null as before,
    jsonb_build_object('booking_id', parents.id, 'order_id', parents.order_id, 'kind', parents.kind) as after
from parents
where not exists (
        select from purchase_bookings where purchase_bookings.booking_id = parents.id
    )

union all

select
    'payments_order' as table_name,
    id as row_id,
    'update' as operation,
    'terms_from_parent' as reason,
    practitioner_id,
    null as currency,
    null as amount_cents,
    jsonb_build_object('order_type', order_type, 'package_metadata', package_metadata) as before,
    jsonb_build_object('order_type', new_order_type, 'package_metadata', new_metadata) as after
from orders_described
where order_type <> new_order_type or package_metadata is distinct from new_metadata

union all

select
    'bookings_booking' as table_name,
    id as row_id,
    'update' as operation,
    'child_follows_parent' as reason,
    practitioner_id,
    null as currency,
    null as amount_cents,
    jsonb_build_object('order_id', order_id) as before,
    jsonb_build_object('order_id', new_order_id) as after
from children

union all

select
    'exceptions' as table_name,
    exceptions_found.order_id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    exceptions_found.practitioner_id,
    null as currency,
    null as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', exceptions_found.order_id,
        'detail', exceptions_found.detail,
        'proposed_action', kinds.proposed_action
    ) as after
from (
    select distinct on (order_id, kind) *
    from exceptions_found
    order by order_id, kind
) as exceptions_found
inner join exception_kinds as kinds on exceptions_found.kind = kinds.kind
where not exists (
        select
        from exceptions
        where exceptions.subject_id = exceptions_found.order_id
            and exceptions.kind = exceptions_found.kind
            and exceptions.subject = kinds.subject
            and exceptions.resolved_at is null
    )
