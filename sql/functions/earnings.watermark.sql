-- earnings.watermark()
--
-- The moment up to which the history is final (R19): the newest heartbeat whose
-- transaction is below every transaction still running.  Beats itself when the last
-- beat is older than a minute.  Null before the first one is final.
--
-- Reads     earnings.heartbeats
-- Writes    earnings.heartbeats

create or replace function earnings.watermark()
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if not pg_is_in_recovery()
        and current_setting('transaction_read_only') = 'off'
        and not exists (
            select
            from earnings.heartbeats
            where heartbeats.beaten_at > clock_timestamp() - interval '1 minute'
        )
    then
        perform earnings.beat();
    end if;

    return (
        select max(heartbeats.beaten_at)
        from earnings.heartbeats
        where heartbeats.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    );
end
$$;

comment on function earnings.watermark() is 'The moment up to which the history is final (R19).';
