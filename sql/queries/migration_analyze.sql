-- Statistics for the plans of the backfill.  Blocks neither readers nor writers.

analyze public.bookings_booking;
analyze public.payments_order;
analyze public.payments_earningstransaction;
analyze public.payments_usercredittransaction;
