-- Writes what plan.sql planned.

insert into package_terms (
    order_id, price_cents, session_count, currency, prepaid_cents, prepaid_practitioner_id
)
select
    written.order_id,
    written.price_cents,
    written.session_count,
    written.currency,
    written.prepaid_cents,
    written.prepaid_practitioner_id
from planned
cross join lateral jsonb_populate_record(null::package_terms, planned.after) as written
where planned.table_name = 'package_terms' and planned.operation = 'insert'
order by planned.row_id;

insert into session_slots (
    order_id, slot_number, booking_id, amount_cents, prepaid_cents
)
select
    written.order_id,
    written.slot_number,
    written.booking_id,
    written.amount_cents,
    written.prepaid_cents
from planned
cross join lateral jsonb_populate_record(null::session_slots, planned.after) as written
where planned.table_name = 'session_slots' and planned.operation = 'insert'
order by planned.row_id;

insert into payments_earningstransaction (
    id, created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents,
    net_amount_cents, status, available_after, currency, description, transaction_type,
    external_fees, metadata, booking_id, practitioner_id, payout_id
)
select
    written.id,
    written.created_at,
    written.updated_at,
    written.gross_amount_cents,
    written.commission_rate,
    written.commission_amount_cents,
    written.net_amount_cents,
    written.status,
    written.available_after,
    written.currency,
    written.description,
    written.transaction_type,
    written.external_fees,
    written.metadata,
    written.booking_id,
    written.practitioner_id,
    written.payout_id
from planned
cross join lateral jsonb_populate_record(null::payments_earningstransaction, planned.after) as written
where planned.table_name = 'payments_earningstransaction' and planned.operation = 'insert'
order by planned.row_id;

update bookings_booking as bookings
set completed_at = (jsonb_populate_record(bookings, planned.after)).completed_at
from planned
where planned.table_name = 'bookings_booking'
    and planned.operation = 'update'
    and planned.row_id = bookings.id;

update payments_earningstransaction as entries
set (
    status, available_after, gross_amount_cents, commission_amount_cents, net_amount_cents
) = (
    select
        written.status,
        written.available_after,
        written.gross_amount_cents,
        written.commission_amount_cents,
        written.net_amount_cents
    from jsonb_populate_record(entries, planned.after) as written
)
from planned
where planned.table_name = 'payments_earningstransaction'
    and planned.operation = 'update'
    and planned.row_id = entries.id;
