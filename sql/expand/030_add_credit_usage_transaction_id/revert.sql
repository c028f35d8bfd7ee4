alter table public.bookings_booking drop column if exists credit_usage_transaction_id;
