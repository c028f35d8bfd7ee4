-- earnings.refuse_illegal_change(earnings_row, to_status, payout_id)
--
-- Returns when the rules allow the row to take the status now, else raises (R2).
-- A hold is judged by the stored available_after.
--
-- Reads     earnings.status_rules, public.bookings_booking, payments_practitionerpayout
-- Raises    23X01 no rule allows the change, or its condition is not met, 23X02 the hold has not elapsed,
--           23X03 paid without a payout

create or replace function earnings.refuse_illegal_change(
    earnings_row public.payments_earningstransaction,
    to_status text,
    payout_id bigint
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_allowed text;
begin
    if not exists (
        select
        from earnings.status_rules as rules
        where rules.from_status = earnings_row.status
            and rules.to_status = refuse_illegal_change.to_status
            and rules.kind = 'transition'
    ) then
        select string_agg(rules.to_status, ', ' order by rules.to_status)
        into v_allowed
        from earnings.status_rules as rules
        where rules.from_status = earnings_row.status and rules.kind = 'transition';

        raise exception 'earnings % cannot change from % to %',
            earnings_row.id, earnings_row.status, refuse_illegal_change.to_status
            using
                errcode = '23X01',
                detail = format('No rule allows %s -> %s.', earnings_row.status, refuse_illegal_change.to_status),
                hint = coalesce('Allowed next: ' || v_allowed || '.', 'This status is final.');
    end if;

    if earnings_row.status = 'projected'
        and refuse_illegal_change.to_status = 'pending'
        and not earnings.earns(earnings_row.booking_id)
    then
        raise exception 'earnings % cannot become pending', earnings_row.id
            using
                errcode = '23X01',
                detail = format('Booking %s is not delivered, has no slot, or is earned elsewhere.', earnings_row.booking_id),
                hint = 'Make the delivery good with earnings.correct_booking, or reverse what earns in its place; its earnings follow.';
    end if;

    if earnings_row.status = 'paid'
        and refuse_illegal_change.to_status = 'available'
        and not earnings.payout_has_failed(earnings_row.payout_id)
    then
        raise exception 'earnings % cannot become available again', earnings_row.id
            using
                errcode = '23X01',
                detail = format('Payout %s has not failed.', earnings_row.payout_id),
                hint = 'Set the payout to failed or canceled; its rows return.';
    end if;

    if refuse_illegal_change.to_status = 'reversed'
        and (earnings.is_clawed_back(earnings_row) or earnings.has_opposite(earnings_row))
    then
        raise exception 'earnings % cannot be reversed', earnings_row.id
            using
                errcode = '23X01',
                detail = case
                    when earnings.has_opposite(earnings_row)
                        then 'What they took from is reversed, and their opposite is written.'
                    else 'A clawback has taken them back already.'
                end,
                hint = 'Nothing is to be done: both together are nothing.';
    end if;

    if earnings_row.status = 'pending'
        and refuse_illegal_change.to_status = 'available'
        and clock_timestamp() < earnings_row.available_after
    then
        raise exception 'earnings % cannot become available before %', earnings_row.id, earnings_row.available_after
            using
                errcode = '23X02',
                detail = 'The hold after the delivery has not elapsed.',
                hint = 'Wait; earnings.release_holds releases it when it is due.';
    end if;

    if refuse_illegal_change.to_status = 'paid' and refuse_illegal_change.payout_id is null then
        raise exception 'earnings % cannot be paid without a payout', earnings_row.id
            using
                errcode = '23X03',
                detail = 'A paid row names the payout that took it.',
                hint = 'Set payout_id in the same write.';
    end if;
end
$$;

comment on function earnings.refuse_illegal_change(public.payments_earningstransaction, text, bigint)
is 'Returns when the rules allow the row to take the status now, else raises (R2).';
