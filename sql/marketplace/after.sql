-- Turns the tables of before.sql into their form after the plan, as the app's own migrations do.
-- They drop the credit link and add it again under its new name, so the links are lost:
-- the engine's rename has to come first where they are to be kept (R23).

alter table payments_order
add column package_metadata jsonb;

alter table bookings_booking
drop column payment_transaction_id cascade,
drop column meeting_url cascade,
drop column meeting_id cascade,
drop column package_name_snapshot cascade,
drop column package_contents_snapshot cascade,
drop column bundle_name_snapshot cascade,
drop column bundle_sessions_snapshot cascade,
drop column started_at cascade,
drop column room_id cascade;

alter table bookings_booking
add column credit_usage_transaction_id bigint
constraint bookings_booking_credit_usage_transaction_id_fkey
references payments_usercredittransaction (id) deferrable initially deferred,
add column order_id bigint
constraint bookings_booking_order_id_fkey
references payments_order (id) deferrable initially deferred;

create index bookings_booking_credit_usage_transaction_id_idx
on bookings_booking (credit_usage_transaction_id);
create index bookings_booking_order_id_idx on bookings_booking (order_id);
