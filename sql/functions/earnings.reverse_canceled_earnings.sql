-- earnings.reverse_canceled_earnings(booking_ids)
--
-- Reverses what canceled bookings have not been paid, and claws back what they have:
-- one row of minus the net of their paid rows, earlier clawbacks included (R9).  A row
-- that was clawed back is not reversed as well, though its payout failed since.
-- The caller holds the earnings' row locks.
--
-- Reads     public.bookings_booking
-- Writes    public.payments_earningstransaction

create or replace function earnings.reverse_canceled_earnings(booking_ids bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
    update public.payments_earningstransaction as reversed
    set status = 'reversed', updated_at = now()
    from public.bookings_booking as bookings
    where reversed.booking_id = any (reverse_canceled_earnings.booking_ids)
        and bookings.id = reversed.booking_id
        and bookings.status = 'canceled'
        and reversed.status in ('projected', 'pending', 'available')
        and earnings.is_delivery(reversed.transaction_type)
        and not exists (
            select
            from public.payments_earningstransaction as clawbacks
            where clawbacks.booking_id = reversed.booking_id
                and clawbacks.transaction_type = 'clawback'
                and clawbacks.status <> 'reversed'
        );

    perform earnings.claw_back(canceled.id, 'the booking was canceled')
    from (
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id = any (reverse_canceled_earnings.booking_ids)
            and bookings.status = 'canceled'
            and exists (
                select
                from public.payments_earningstransaction as paid
                where paid.booking_id = bookings.id and paid.status = 'paid'
            )
        order by bookings.id
    ) as canceled;
end
$$;

comment on function earnings.reverse_canceled_earnings(bigint[])
is 'Reverses what canceled bookings have not been paid, and claws back what they have (R9).';
