-- Writes what plan.sql planned.

insert into payments_order (
    id, created_at, updated_at, is_deleted, deleted_at, public_uuid, payment_method,
    stripe_payment_intent_id, stripe_payment_method_id, subtotal_amount_cents, tax_amount_cents,
    credits_applied_cents, total_amount_cents, status, order_type, currency, metadata, tax_details,
    audit_log, practitioner_id, service_id, user_id
)
select
    written.id,
    written.created_at,
    written.updated_at,
    written.is_deleted,
    written.deleted_at,
    written.public_uuid,
    written.payment_method,
    written.stripe_payment_intent_id,
    written.stripe_payment_method_id,
    written.subtotal_amount_cents,
    written.tax_amount_cents,
    written.credits_applied_cents,
    written.total_amount_cents,
    written.status,
    written.order_type,
    written.currency,
    written.metadata,
    written.tax_details,
    written.audit_log,
    written.practitioner_id,
    written.service_id,
    written.user_id
from planned
cross join lateral jsonb_populate_record(null::payments_order, planned.after) as written
where planned.table_name = 'payments_order' and planned.operation = 'insert'
order by planned.row_id;

update bookings_booking as bookings
set order_id = (jsonb_populate_record(bookings, planned.after)).order_id
from planned
where planned.table_name = 'bookings_booking'
    and planned.operation = 'update'
    and planned.row_id = bookings.id;
