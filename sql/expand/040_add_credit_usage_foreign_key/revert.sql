-- In the order in which a checkout writes them: a sale that holds the first gets the second.
lock table public.payments_usercredittransaction, public.bookings_booking in access exclusive mode;

alter table public.bookings_booking drop constraint if exists bookings_booking_credit_usage_transaction_id_migration_fk;
