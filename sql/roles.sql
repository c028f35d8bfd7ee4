-- Creates the engine's roles where they are missing.  Safe to run again.
-- None of them can log in; the connecting role becomes a member of what it needs.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['earnings_owner', 'earnings_migrator', 'earnings_operator', 'earnings_reader'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
            execute format('create role %I nologin', v_role);
        end if;
        if not pg_catalog.pg_has_role(session_user, v_role, 'member') then
            execute format('grant %I to %I', v_role, session_user);
        end if;
    end loop;
end
$$;
