-- Brings the dropped columns back, empty.

do $$
declare
    v_column record;
begin
    for v_column in
        select kept.name, kept.definition
        from earnings_migration.kept_objects as kept
        where kept.kind = 'column'
        order by kept.id
    loop
        execute format('alter table public.bookings_booking add column %s', v_column.definition);
        if v_column.definition like '%not null%' then
            execute format('alter table public.bookings_booking alter column %I drop default', v_column.name);
        end if;
    end loop;
end
$$;
