-- earnings.beat()
--
-- Writes a heartbeat: the clock is read first, then the transaction id is taken, so that
-- whatever stamped itself earlier than the beat holds an id below it or commits later (R19).
-- A transaction that has its id already cannot beat: the id would be older than the clock.
-- What was final then is written too, for those who get the row by logical replication.
--
-- Reads     earnings.heartbeats
-- Writes    earnings.heartbeats

create or replace function earnings.beat()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
begin
    if pg_current_xact_id_if_assigned() is not null or earnings.is_replica() then
        return;
    end if;

    insert into earnings.heartbeats (beaten_at, transaction_id, final_until)
    values (v_now, pg_current_xact_id(), earnings.final_until())
    on conflict (transaction_id) do nothing;
end
$$;

comment on function earnings.beat() is 'Writes a heartbeat: the clock, then the transaction id (R19).';
