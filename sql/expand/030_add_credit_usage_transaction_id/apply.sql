alter table public.bookings_booking add column credit_usage_transaction_id bigint;
