-- earnings.reverse_earnings(booking_ids, reason)
--
-- Reverses what bookings have not been paid, and claws back what they have (R9).  A row
-- that was clawed back is not reversed as well, though its payout failed since.  An adjustment
-- goes with its original, and stays beside one that was paid: the clawback is of what both leave.
-- Safe to run twice.  The caller holds the earnings' row locks.
--
-- Writes    public.payments_earningstransaction

create or replace function earnings.reverse_earnings(booking_ids bigint[], reason text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    update public.payments_earningstransaction as reversed
    set status = 'reversed', updated_at = now()
    where reversed.booking_id = any (reverse_earnings.booking_ids)
        and reversed.status || '' in ('projected', 'pending', 'available')
        and reversed.transaction_type <> 'clawback'
        and not (reversed.transaction_type = 'adjustment' and reversed.metadata ? 'original_ids')
        and not earnings.is_clawed_back(reversed);

    perform earnings.claw_back(bookings.id, reverse_earnings.reason)
    from unnest(reverse_earnings.booking_ids) as bookings (id)
    where exists (
        select
        from public.payments_earningstransaction as paid
        where paid.booking_id = bookings.id and paid.status || '' = 'paid'
        offset 0
    )
    order by bookings.id;
end
$$;

comment on function earnings.reverse_earnings(bigint[], text)
is 'Reverses what bookings have not been paid, and claws back what they have (R9).';
