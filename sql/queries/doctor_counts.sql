-- How many rows the pipeline has to do with; one row.
select
    (select count(*) from public.bookings_booking) as booking_count,
    (select count(*) from public.payments_order) as order_count,
    (select count(*) from public.payments_earningstransaction) as earnings_count
