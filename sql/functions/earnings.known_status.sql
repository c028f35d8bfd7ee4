-- earnings.known_status(earnings_row)
--
-- The status that an offered row is stored with (R1): its own when the rules know it,
-- `paid` for paid_out and for processing with a payout.
--
-- Reads     earnings.status_rules
-- Raises    23X07 a status that no rule knows

create or replace function earnings.known_status(earnings_row public.payments_earningstransaction)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from earnings.status_rules as rules where rules.to_status = earnings_row.status) then
        return earnings_row.status;
    end if;

    if earnings_row.status = 'paid_out'
        or (earnings_row.status = 'processing' and earnings_row.payout_id is not null)
    then
        return 'paid';
    end if;

    raise exception 'earnings % cannot be stored as %', earnings_row.id, coalesce(earnings_row.status, 'null')
        using
            errcode = '23X07',
            detail = 'No rule knows this status.',
            hint = 'Use projected, pending, available, paid or reversed.';
end
$$;

comment on function earnings.known_status(public.payments_earningstransaction)
is 'The status that an offered row is stored with; refuses one that no rule knows (R1).';
