alter table public.bookings_booking
add constraint bookings_booking_order_id_migration_fk
foreign key (order_id) references public.payments_order (id)
on delete set null
deferrable initially deferred
not valid;
