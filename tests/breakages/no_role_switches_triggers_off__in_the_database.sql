-- A setting of the database is that of no role.
do $$
begin
    execute format('alter database %I set session_replication_role = replica', current_database());
end
$$;

select 0
