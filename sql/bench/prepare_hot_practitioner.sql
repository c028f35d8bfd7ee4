-- All bookings that can be completed are one practitioner's.
update public.bookings_booking
set practitioner_id = (select min(work.practitioner_id) from bench.work)
where id in (select work.booking_id from bench.work);

update public.payments_earningstransaction
set practitioner_id = (select min(work.practitioner_id) from bench.work)
where booking_id in (select work.booking_id from bench.work);

update bench.work
set practitioner_id = (select min(others.practitioner_id) from bench.work as others);

vacuum analyze public.bookings_booking, public.payments_earningstransaction, bench.work
