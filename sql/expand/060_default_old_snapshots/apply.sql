alter table public.bookings_booking
alter column package_name_snapshot set default '',
alter column bundle_name_snapshot set default '';
