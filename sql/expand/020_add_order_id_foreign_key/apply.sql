-- In the order in which a checkout writes them: a sale that holds the first gets the second.
lock table public.payments_order, public.bookings_booking in share row exclusive mode;

alter table public.bookings_booking
add constraint bookings_booking_order_id_migration_fk
foreign key (order_id) references public.payments_order (id)
on delete set null
deferrable initially deferred
not valid;
