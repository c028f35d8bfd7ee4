create index concurrently bookings_booking_order_id_status_idx
on public.bookings_booking (order_id, status);
