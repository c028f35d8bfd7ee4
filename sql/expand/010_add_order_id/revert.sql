alter table public.bookings_booking drop column if exists order_id;
