-- Drops the columns.  CASCADE takes along the trigger that kept both credit links equal.

alter table public.bookings_booking
drop column if exists parent_booking_id cascade,
drop column if exists is_package_purchase cascade,
drop column if exists is_bundle_purchase cascade,
drop column if exists payment_transaction_id cascade;
