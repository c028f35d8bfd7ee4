-- earnings.known_status(status, payout_id)
--
-- The status that an offered one is stored as (R1): itself when the rules know it,
-- `paid` for paid_out and for processing with a payout, null for anything else.
--
-- Reads     earnings.status_rules

create or replace function earnings.known_status(status text, payout_id bigint)
returns text
language sql
stable
set search_path = ''
as $$
    select
        case
            when exists (
                select from earnings.status_rules where status_rules.to_status = known_status.status
            ) then known_status.status
            when known_status.status = 'paid_out' then 'paid'
            when known_status.status = 'processing' and known_status.payout_id is not null then 'paid'
        end;
$$;

comment on function earnings.known_status(text, bigint)
is 'The status that an offered one is stored as; null when no rule knows it (R1).';
