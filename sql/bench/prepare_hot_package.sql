-- Some sessions that can be completed, all of one package.
delete from bench.work
where place >= %(sessions)s;

update public.bookings_booking
set order_id = (select min(work.order_id) from bench.work)
where id in (select work.booking_id from bench.work);

update public.payments_order
set
    package_metadata = package_metadata || jsonb_build_object('total_sessions', (select count(*) from bench.work)),
    subtotal_amount_cents = 10007 * (select count(*) from bench.work),
    total_amount_cents = 10007 * (select count(*) from bench.work)
where id = (select min(work.order_id) from bench.work);

update bench.work
set order_id = (select min(others.order_id) from bench.work as others);

vacuum analyze public.bookings_booking, public.payments_order, bench.work
