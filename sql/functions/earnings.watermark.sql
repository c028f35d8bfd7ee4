-- earnings.watermark()
--
-- The moment up to which the history is final (R19), as earnings.final_until() has it.
-- Beats itself when the last beat is older than a minute.  Null before the first one is final.
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

    return earnings.final_until();
end
$$;

comment on function earnings.watermark() is 'The moment up to which the history is final (R19).';
