create index concurrently bookings_booking_open_idx
on public.bookings_booking (id)
where status in ('confirmed', 'in_progress');
