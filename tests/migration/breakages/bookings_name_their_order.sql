do $$
begin
    execute (
        select format('alter table bookings_booking drop constraint %I', constraints.conname)
        from pg_constraint as constraints
        where constraints.conrelid = 'bookings_booking'::regclass
            and constraints.confrelid = 'payments_order'::regclass
    );
end
$$
