-- Brings back the constraints and indexes of the columns, and forgets what was kept.

do $$
declare
    v_object record;
begin
    -- A table with checks still queued cannot be altered.
    set constraints all immediate;

    for v_object in
        select kept.kind, kept.name, kept.definition
        from earnings_migration.kept_objects as kept
        where kept.kind <> 'column'
        order by kept.id
    loop
        if v_object.kind = 'constraint' then
            execute format(
                'alter table public.bookings_booking add constraint %I %s', v_object.name, v_object.definition
            );
        else
            execute v_object.definition;
        end if;
    end loop;

    delete from earnings_migration.kept_objects;
    delete from earnings_migration.kept_bookings;
end
$$;
