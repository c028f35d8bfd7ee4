-- earnings.balance_at_closing(practitioner_id, closing)
--
-- One row per currency and status: the practitioner's net in cents at a closing, from the
-- transitions that were visible when it was made (R19).
--
-- Reads     earnings.transitions, closings
-- Raises    23X13 no such closing

create or replace function earnings.balance_at_closing(practitioner_id bigint, closing text)
returns table (currency text, status text, net_amount_cents bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_snapshot constant pg_snapshot := (
        select closings.snapshot from earnings.closings where closings.name = balance_at_closing.closing
    );
begin
    if v_snapshot is null then
        raise exception 'closing % is not known', balance_at_closing.closing
            using errcode = '23X13', detail = 'There is no such closing.', hint = 'Look into earnings.closings.';
    end if;

    return query
    select
        postings.currency,
        postings.status,
        sum(postings.net_amount_cents)::bigint
    from (
        select
            transitions.currency,
            sides.status,
            sides.net_amount_cents
        from earnings.transitions
        cross join lateral (
            values
            (
                earnings.counted_status(transitions.to_status, transitions.payout_id),
                transitions.net_amount_cents
            ),
            (
                case transitions.from_status
                    when 'processing' then earnings.counted_status(
                        'processing', earnings.payout_before(transitions.earnings_id, transitions.stamped_at)
                    )
                    else earnings.counted_status(transitions.from_status, null)
                end,
                -transitions.from_net_amount_cents
            )
        ) as sides (status, net_amount_cents)
        where transitions.practitioner_id = balance_at_closing.practitioner_id
            and pg_visible_in_snapshot(transitions.transaction_id, v_snapshot)
            and sides.status is not null
    ) as postings
    group by postings.currency, postings.status
    having sum(postings.net_amount_cents) <> 0
    order by postings.currency, postings.status;
end
$$;

comment on function earnings.balance_at_closing(bigint, text)
is 'One row per currency and status: the practitioner''s net in cents at a closing (R19).';
