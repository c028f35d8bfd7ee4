-- One row per booking that gets its order (R15), per synthetic order that is made for
-- one, and per booking whose order a person has to choose.  Which order it is was
-- decided over all bookings at once by prepare.sql.

with

links as (

    select
        bookings.id as booking_id,
        bookings.practitioner_id,
        bookings.service_id,
        bookings.user_id,
        bookings.created_at,
        bookings.price_charged_cents,
        bookings.final_amount_cents,
        bookings.payment_status,
        order_links.order_id,
        order_links.strategy,
        order_links.confidence
    from bookings_booking as bookings
    inner join order_links on bookings.id = order_links.booking_id
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and order_links.booking_id > current_setting('earnings_migration.after_id')::bigint
        and order_links.booking_id <= current_setting('earnings_migration.until_id')::bigint
        and bookings.order_id is null

),

synthetic_orders as (

    select
        links.*,
        coalesce(
            (
                select min(entries.currency)
                from payments_earningstransaction as entries
                where entries.booking_id = links.booking_id
            ),
            earnings.setting('currency')
        ) as currency
    from links
    where links.strategy = 'synthetic'
        and not exists (select from payments_order as orders where orders.id = links.order_id)

),

exceptions_found as (

    select
        links.*,
        case links.confidence when 'failed' then 'failed_order_linked' else 'ambiguous_order_link' end as kind
    from links
    where (links.confidence = 'failed' and links.strategy = 'nearest_failed') or links.confidence = 'none'

)

select
    'payments_order' as table_name,
    order_id as row_id,
    'insert' as operation,
    'synthetic_order' as reason,
    practitioner_id,
    currency,
    final_amount_cents::bigint as amount_cents,
    null as before,
    jsonb_build_object(
        'id', order_id,
        'created_at', created_at,
        'updated_at', created_at,
        'is_deleted', false,
        'public_uuid', md5('earnings synthetic order of booking ' || booking_id)::uuid,
        'payment_method', 'manual',
        'stripe_payment_intent_id', '',
        'stripe_payment_method_id', '',
        'subtotal_amount_cents', price_charged_cents,
        'tax_amount_cents', 0,
        'credits_applied_cents', price_charged_cents - final_amount_cents,
        'total_amount_cents', final_amount_cents,
        'status', case payment_status
            when 'paid' then 'completed'
            when 'refunded' then 'refunded'
            when 'partially_refunded' then 'partially_refunded'
            else 'pending'
        end,
        'order_type', 'direct',
        'currency', currency,
        'metadata', jsonb_build_object('synthetic', true, 'migrated_from_booking_id', booking_id),
        'tax_details', '{}'::jsonb,
        'audit_log', '[]'::jsonb,
        'practitioner_id', practitioner_id,
        'service_id', service_id,
        'user_id', user_id
    ) as after
from synthetic_orders

union all

select
    'bookings_booking' as table_name,
    booking_id as row_id,
    'update' as operation,
    'order_by_' || strategy as reason,
    practitioner_id,
    null as currency,
    null as amount_cents,
    jsonb_build_object('order_id', null) as before,
    jsonb_build_object('order_id', order_id) as after
from links
where order_id is not null

union all

select
    'exceptions' as table_name,
    exceptions_found.booking_id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    exceptions_found.practitioner_id,
    null as currency,
    null as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', exceptions_found.booking_id,
        'detail', jsonb_strip_nulls(
            jsonb_build_object('order_id', exceptions_found.order_id, 'strategy', exceptions_found.strategy)
        ),
        'proposed_action', kinds.proposed_action
    ) as after
from exceptions_found
inner join exception_kinds as kinds on exceptions_found.kind = kinds.kind
where not exists (
        select
        from exceptions
        where exceptions.subject_id = exceptions_found.booking_id
            and exceptions.kind = exceptions_found.kind
            and exceptions.subject = kinds.subject
            and exceptions.resolved_at is null
    )
