-- earnings.follow_reschedules(booking_ids)
--
-- Moves the live unpaid delivery row of the booking that each of these was rescheduled
-- from to it, as projected with the hold from the new end (R13).  When the new booking
-- has a row already, the old one is reversed; a paid row stays behind and is reported, and one
-- that was clawed back stays beside its clawback, so that the new booking earns in its own right.
-- The caller has inserted the bookings; those they come from are locked here, by id.
--
-- Locks     the earlier bookings, the orders, then earnings, each by id (R20)
-- Writes    public.payments_earningstransaction, earnings.exceptions

create or replace function earnings.follow_reschedules(booking_ids bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform
    from public.bookings_booking as earlier
    where earlier.id in (
        select later.rescheduled_from_id
        from public.bookings_booking as later
        where later.id = any (follow_reschedules.booking_ids)
    )
    order by earlier.id
    for no key update;

    perform
    from public.payments_order as orders
    where orders.id in (
        select later.order_id
        from public.bookings_booking as later
        where later.id = any (follow_reschedules.booking_ids)
    )
    order by orders.id
    for no key update;

    perform
    from public.payments_earningstransaction as staying
    where staying.booking_id in (
        select later.rescheduled_from_id
        from public.bookings_booking as later
        where later.id = any (follow_reschedules.booking_ids)
    )
    order by staying.id
    for no key update;

    update public.payments_earningstransaction as moved
    set
        booking_id = case when existing.has_row then moved.booking_id else later.id end,
        status = case when existing.has_row then 'reversed' else 'projected' end,
        available_after = earnings.projected_available_after(later, moved.created_at),
        updated_at = now()
    from public.bookings_booking as later
    cross join lateral (
        select exists (
            select
            from public.payments_earningstransaction as own
            where own.booking_id = later.id
                and own.status <> 'reversed'
                and earnings.is_delivery(own.transaction_type)
        ) as has_row
    ) as existing
    where later.id = any (follow_reschedules.booking_ids)
        and moved.booking_id = later.rescheduled_from_id
        and moved.status in ('projected', 'pending', 'available')
        and earnings.is_delivery(moved.transaction_type)
        and not earnings.is_clawed_back(moved);

    perform earnings.raise_exception_row(
        'reschedule_already_paid', 'booking', later.id, jsonb_build_object('earnings_id', paid.id)
    )
    from public.bookings_booking as later
    inner join public.payments_earningstransaction as paid on later.rescheduled_from_id = paid.booking_id
    where later.id = any (follow_reschedules.booking_ids)
        and paid.status = 'paid'
        and earnings.is_delivery(paid.transaction_type);
end
$$;

comment on function earnings.follow_reschedules(bigint[])
is 'Moves the live unpaid delivery row of a rescheduled booking to the one that follows it (R13).';
