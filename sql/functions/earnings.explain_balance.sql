-- earnings.explain_balance(practitioner_id, as_of)
--
-- One row per earnings row of the practitioner at that moment: where it stood, since
-- when and why, in the five statuses of R1.  Per currency and status the rows add up to balance_as_of, to the cent.
--
-- Reads     earnings.transitions
-- Raises    23X11 a moment before the history opens, 23X13 no such practitioner

create or replace function earnings.explain_balance(practitioner_id bigint, as_of timestamptz default now())
returns table (
    currency text,
    status text,
    earnings_id bigint,
    booking_id bigint,
    net_amount_cents integer,
    since timestamptz,
    available_after timestamptz,
    payout_id bigint,
    event text,
    reason text
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform earnings.refuse_unknown_moment(explain_balance.practitioner_id, explain_balance.as_of);

    return query
    select
        latest.currency,
        earnings.counted_status(latest.to_status, latest.payout_id),
        latest.earnings_id,
        latest.booking_id,
        latest.net_amount_cents,
        latest.stamped_at,
        latest.available_after,
        latest.payout_id,
        latest.event,
        latest.reason
    from (
        select distinct on (transitions.earnings_id) transitions.*
        from earnings.transitions
        where transitions.practitioner_id = explain_balance.practitioner_id
            and transitions.stamped_at <= explain_balance.as_of
        order by transitions.earnings_id, transitions.stamped_at desc
    ) as latest
    where latest.to_status is not null
    order by 1, 2, 3;
end
$$;

comment on function earnings.explain_balance(bigint, timestamptz)
is 'One row per earnings row at that moment; the rows add up to the balance to the cent.';
