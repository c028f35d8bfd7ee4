-- earnings.tg_earnings__move_adjustments()
--
-- Moves the adjustments of a delivery row with it: all of them to its booking, the unpaid
-- ones to its status and hold (R2, R9).  A debit that was paid before its original moves as
-- well: at the booking that it left, nothing would say that the refund is taken off.  When the
-- original is reversed, such a debit took from nothing, and its opposite is written.
--
-- Fired by  earnings_700_move_adjustments on public.payments_earningstransaction
-- Locks     the adjustments, by id
-- Writes    public.payments_earningstransaction

create or replace function earnings.tg_earnings__move_adjustments()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- an UPDATE fires this trigger also when it changes no row
    if not exists (
        select
        from old_earnings as previous
        where earnings.is_delivery(previous.transaction_type)
            and exists (
                select
                from public.payments_earningstransaction as adjustments
                where adjustments.booking_id = previous.booking_id
                    and adjustments.transaction_type = 'adjustment'
                -- asked of each row by its index: a join may read all there are
                offset 0
            )
    ) then
        return null;
    end if;

    -- What a payout takes at this moment is read below as it leaves it.  Only what is linked to a written
    -- row, and so has a higher id: others may be held by who waits for that row.
    perform
    from new_earnings as written
    inner join old_earnings as previous on written.id = previous.id
    inner join public.payments_earningstransaction as adjustments on previous.booking_id = adjustments.booking_id
    where adjustments.transaction_type = 'adjustment'
        and adjustments.status in ('projected', 'pending', 'available')
        and adjustments.metadata @> jsonb_build_object('original_ids', jsonb_build_array(written.id))
        and earnings.is_delivery(written.transaction_type)
        and written.status <> 'paid'
    order by adjustments.id
    for no key update of adjustments;

    update public.payments_earningstransaction as adjustments
    set
        status = case when moved.is_with_it then written.status else adjustments.status end,
        available_after = case when moved.is_with_it then written.available_after else adjustments.available_after end,
        booking_id = written.booking_id,
        updated_at = now()
    from new_earnings as written
    inner join old_earnings as previous on written.id = previous.id
    inner join public.payments_earningstransaction as linked on previous.booking_id = linked.booking_id
    cross join lateral (
        select
            linked.status in ('projected', 'pending', 'available')
            and written.status <> 'paid'
            and (linked.status = previous.status or written.status = 'reversed') as is_with_it
    ) as moved
    where adjustments.id = linked.id
        and linked.transaction_type = 'adjustment'
        and linked.metadata @> jsonb_build_object('original_ids', jsonb_build_array(written.id))
        and earnings.is_delivery(written.transaction_type)
        and (
            written.booking_id <> previous.booking_id
            or (
                moved.is_with_it
                and (written.status, written.available_after) is distinct from (previous.status, previous.available_after)
            )
        );

    insert into public.payments_earningstransaction (
        created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents,
        net_amount_cents, status, available_after, currency, description, transaction_type,
        external_fees, metadata, booking_id, practitioner_id, payout_id
    )
    select
        now(),
        now(),
        -debits.gross_amount_cents,
        debits.commission_rate,
        -debits.commission_amount_cents,
        -debits.net_amount_cents,
        'available',
        now(),
        debits.currency,
        'Opposite of an adjustment that was paid before its original was reversed',
        'adjustment',
        '{}',
        debits.metadata || jsonb_build_object('opposite_of', debits.id),
        debits.booking_id,
        debits.practitioner_id,
        null
    from new_earnings as written
    inner join old_earnings as previous on written.id = previous.id
    inner join public.payments_earningstransaction as debits on written.booking_id = debits.booking_id
    where written.status = 'reversed'
        and previous.status <> 'reversed'
        and earnings.is_delivery(written.transaction_type)
        and debits.transaction_type = 'adjustment'
        and debits.status = 'paid'
        and debits.net_amount_cents < 0
        and debits.metadata @> jsonb_build_object('original_ids', jsonb_build_array(written.id))
    order by debits.id;

    return null;
end
$$;

comment on function earnings.tg_earnings__move_adjustments()
is 'Moves the unpaid adjustments of a delivery row with it (R2, R9).';
