alter table public.bookings_booking add column order_id bigint;
