-- earnings.counted_status(status, payout_id)
--
-- As which of the five statuses an entry of the history counts (R1).  What the history found
-- may be older than the rules: the entries of before the migration keep the words of then.
-- A completed row was a mirror, which earns nothing; what was being processed is paid once
-- it has a payout, and not owed before.

create or replace function earnings.counted_status(status text, payout_id bigint)
returns text
language sql
immutable
parallel safe
as $$
    select case counted_status.status
        when 'paid_out' then 'paid'
        when 'completed' then 'reversed'
        when 'processing' then case when counted_status.payout_id is null then 'projected' else 'paid' end
        else counted_status.status
    end;
$$;

comment on function earnings.counted_status(text, bigint)
is 'As which of the five statuses an entry of the history counts (R1).';
