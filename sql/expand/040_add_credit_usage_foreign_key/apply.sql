-- In the order in which a checkout writes them: a sale that holds the first gets the second.
lock table public.payments_usercredittransaction, public.bookings_booking in share row exclusive mode;

alter table public.bookings_booking
add constraint bookings_booking_credit_usage_transaction_id_migration_fk
foreign key (credit_usage_transaction_id) references public.payments_usercredittransaction (id)
deferrable initially deferred
not valid;
