-- earnings.tg_earnings__move_adjustments()
--
-- Moves the unpaid adjustments of a delivery row with it: its status, hold and booking
-- (R2, R9).  What was paid stays.
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
            and adjustments.status = previous.status
            and earnings.is_delivery(previous.transaction_type)
    ) then
        return null;
    end if;

    update public.payments_earningstransaction as adjustments
    set
        status = written.status,
        available_after = written.available_after,
        booking_id = written.booking_id,
        updated_at = now()
    from new_earnings as written
    inner join old_earnings as previous on written.id = previous.id
    where adjustments.transaction_type = 'adjustment'
        and adjustments.booking_id = previous.booking_id
        and adjustments.status = previous.status
        and adjustments.status in ('projected', 'pending', 'available')
        and adjustments.metadata @> jsonb_build_object('original_ids', jsonb_build_array(written.id))
        and earnings.is_delivery(written.transaction_type)
        and written.status <> 'paid'
        and (written.status, written.available_after, written.booking_id)
        is distinct from (previous.status, previous.available_after, previous.booking_id);

    return null;
end
$$;

comment on function earnings.tg_earnings__move_adjustments()
is 'Moves the unpaid adjustments of a delivery row with it (R2, R9).';
