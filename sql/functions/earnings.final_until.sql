-- earnings.final_until()
--
-- The moment up to which the history is final in the snapshot that asks (R19): the newest
-- heartbeat whose transaction is below every transaction still running.  Where heartbeats arrive by
-- logical replication, transaction ids say nothing: there it is what the newest beat to arrive
-- has said, once all tables have been copied.  Null before that.
--
-- Reads     earnings.heartbeats

create or replace function earnings.final_until()
returns timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if earnings.is_replica() then
        return (
            select max(heartbeats.final_until)
            from earnings.heartbeats
            where not exists (
                select from pg_subscription_rel where pg_subscription_rel.srsubstate <> 'r'
            )
        );
    end if;

    return (
        select max(heartbeats.beaten_at)
        from earnings.heartbeats
        where heartbeats.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    );
end
$$;

comment on function earnings.final_until() is
'The moment up to which the history is final in the snapshot that asks (R19); beats not.';
