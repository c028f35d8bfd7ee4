-- earnings.correct_status(earnings_id, status, reason)
--
-- Moves one earnings row as a person decided, along any arrow of the rules, corrections
-- included; the reason goes into the history (R2).  A clawback or the adjustment of a refund
-- that is set to reversed is forgiven: the engine does not write it again (R9); not so a
-- clawback whose original is no longer paid, or an adjustment whose opposite is written, for both
-- together are nothing; nor can what is clawed back wait for a delivery, which would value it anew
-- beside the clawback.  What the client was refunded beside a clawback is taken off by itself
-- once that is forgiven.  Asked again, it changes nothing.  For members of earnings_operator.
--
-- Locks     the earnings row; to forgive a clawback its booking, then the booking's earnings by id
-- Reads     earnings.status_rules, public.bookings_booking
-- Writes    public.payments_earningstransaction
-- Raises    23X01 no rule allows the change, 23X02 the hold has not elapsed,
--           23X03 paid without a payout, 23X13 no such row

create or replace function earnings.correct_status(earnings_id bigint, status text, reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_row public.payments_earningstransaction;
    v_forgiven_booking_id bigint;
begin
    select rows_of.booking_id into v_forgiven_booking_id
    from public.payments_earningstransaction as rows_of
    where rows_of.id = correct_status.earnings_id
        and rows_of.transaction_type = 'clawback'
        and correct_status.status = 'reversed';

    if found then
        perform earnings.lock_bookings(array[v_forgiven_booking_id]);

        perform
        from public.payments_earningstransaction as rows_of
        where rows_of.booking_id = v_forgiven_booking_id
        order by rows_of.id
        for no key update;
    end if;

    select rows_of.* into v_row
    from public.payments_earningstransaction as rows_of
    where rows_of.id = correct_status.earnings_id
    for no key update;

    if not found then
        raise exception 'earnings % are not known', correct_status.earnings_id
            using errcode = '23X13', detail = 'There is no such row.', hint = 'Check the id.';
    end if;

    if v_row.status = correct_status.status then
        return;
    end if;

    if correct_status.status = 'projected' and not earnings.is_delivery(v_row.transaction_type) then
        raise exception 'earnings % cannot become projected', v_row.id
            using
                errcode = '23X01',
                detail = format('It is of type %s and waits for no delivery.', v_row.transaction_type),
                hint = 'An adjustment follows its original: correct that; a debit is forgiven by setting it to reversed.';
    end if;

    if correct_status.status = 'projected' and earnings.is_clawed_back(v_row) then
        raise exception 'earnings % cannot become projected', v_row.id
            using
                errcode = '23X01',
                detail = 'A clawback has taken them back already.',
                hint = 'Nothing is to be done: both together are nothing.';
    end if;

    if correct_status.status = 'reversed' and v_row.transaction_type = 'clawback' and exists (
        select
        from public.payments_earningstransaction as originals
        where originals.booking_id = v_row.booking_id
            and originals.status in ('projected', 'pending', 'available')
            and v_row.metadata @> jsonb_build_object('original_ids', jsonb_build_array(originals.id))
    ) then
        raise exception 'earnings % cannot be reversed', v_row.id
            using
                errcode = '23X01',
                detail = 'The payout of what they claw back has failed.',
                hint = 'Nothing is to be done: both together are nothing.';
    end if;

    if not exists (
        select
        from earnings.status_rules as rules
        where rules.from_status = v_row.status
            and rules.to_status = correct_status.status
            and rules.kind = 'correction'
    ) then
        perform earnings.refuse_illegal_change(v_row, correct_status.status, v_row.payout_id);
    end if;

    perform set_config('earnings.reason', correct_status.reason, true);

    update public.payments_earningstransaction as rows_of
    set
        status = correct_status.status,
        payout_id = case when correct_status.status = 'paid' then rows_of.payout_id end,
        available_after = coalesce(
            (
                select earnings.projected_available_after(bookings, rows_of.created_at)
                from public.bookings_booking as bookings
                where bookings.id = rows_of.booking_id and correct_status.status = 'projected'
            ),
            rows_of.available_after
        ),
        updated_at = now()
    where rows_of.id = v_row.id;

    perform set_config('earnings.reason', '', true);

    if v_forgiven_booking_id is not null then
        perform earnings.settle_refunds(array[v_forgiven_booking_id]);
    end if;
end
$$;

comment on function earnings.correct_status(bigint, text, text)
is 'Moves one earnings row as a person decided, corrections included; the reason goes into the history (R2).';
