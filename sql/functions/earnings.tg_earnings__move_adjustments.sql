-- earnings.tg_earnings__move_adjustments()
--
-- Moves the adjustments of a delivery row with it: all of them to its booking, the unpaid
-- ones to its status and hold (R2, R9).  A debit that was paid before its original moves as
-- well: at the booking that it left, nothing would say that the refund is taken off.
--
-- Fired by  earnings_700_move_adjustments on public.payments_earningstransaction
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
        inner join public.payments_earningstransaction as adjustments on previous.booking_id = adjustments.booking_id
        where adjustments.transaction_type = 'adjustment'
            and earnings.is_delivery(previous.transaction_type)
    ) then
        return null;
    end if;

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
            linked.status = previous.status
            and linked.status in ('projected', 'pending', 'available')
            and written.status <> 'paid' as is_with_it
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

    return null;
end
$$;

comment on function earnings.tg_earnings__move_adjustments()
is 'Moves the unpaid adjustments of a delivery row with it (R2, R9).';
