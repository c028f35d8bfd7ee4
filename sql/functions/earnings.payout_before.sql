-- earnings.payout_before(earnings_id, stamped_at)
--
-- The payout that an earnings row named before an entry of its history; null for none.
--
-- Reads     earnings.transitions

create or replace function earnings.payout_before(earnings_id bigint, stamped_at timestamptz)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select earlier.payout_id
    from earnings.transitions as earlier
    where earlier.earnings_id = payout_before.earnings_id
        and earlier.stamped_at < payout_before.stamped_at
    order by earlier.stamped_at desc
    limit 1;
$$;

comment on function earnings.payout_before(bigint, timestamptz)
is 'The payout that an earnings row named before an entry of its history.';
