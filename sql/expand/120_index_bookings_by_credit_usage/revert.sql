drop index concurrently if exists public.bookings_booking_credit_usage_idx;
