-- earnings.balance_as_of(practitioner_id, as_of)
--
-- One row per currency and status: the practitioner's net in cents at that moment, from
-- the history (R19), in the five statuses of R1.  is_final is false for moments past the
-- watermark.
--
-- Reads     earnings.transitions
-- Raises    23X11 a moment before the history opens, 23X13 no such practitioner

create or replace function earnings.balance_as_of(practitioner_id bigint, as_of timestamptz default now())
returns table (currency text, status text, net_amount_cents bigint, is_final boolean)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_watermark constant timestamptz := earnings.watermark();
begin
    perform earnings.refuse_unknown_moment(balance_as_of.practitioner_id, balance_as_of.as_of);

    return query
    select
        postings.currency,
        postings.status,
        sum(postings.net_amount_cents)::bigint,
        coalesce(balance_as_of.as_of <= v_watermark, false)
    from (
        select
            transitions.currency,
            earnings.counted_status(transitions.to_status, transitions.payout_id) as status,
            transitions.net_amount_cents
        from earnings.transitions
        where transitions.practitioner_id = balance_as_of.practitioner_id
            and transitions.stamped_at <= balance_as_of.as_of
            and transitions.to_status is not null

        union all

        select
            transitions.currency,
            case transitions.from_status
                when 'processing' then earnings.counted_status(
                    'processing', earnings.payout_before(transitions.earnings_id, transitions.stamped_at)
                )
                else earnings.counted_status(transitions.from_status, null)
            end,
            -transitions.from_net_amount_cents
        from earnings.transitions
        where transitions.practitioner_id = balance_as_of.practitioner_id
            and transitions.stamped_at <= balance_as_of.as_of
            and transitions.from_status is not null
    ) as postings
    group by postings.currency, postings.status
    having sum(postings.net_amount_cents) <> 0
    order by postings.currency, postings.status;
end
$$;

comment on function earnings.balance_as_of(bigint, timestamptz)
is 'One row per currency and status: the practitioner''s net in cents at that moment (R19).';
