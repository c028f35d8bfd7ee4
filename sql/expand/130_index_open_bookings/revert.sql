drop index concurrently if exists public.bookings_booking_open_idx;
