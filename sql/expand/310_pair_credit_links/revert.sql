drop trigger if exists earnings_050_pair_credit_links on public.bookings_booking;
