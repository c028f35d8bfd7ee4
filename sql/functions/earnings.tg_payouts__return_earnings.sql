-- earnings.tg_payouts__return_earnings()
--
-- Returns the paid rows of payouts that have just failed or been canceled to available,
-- without a new hold (R2, R21).  What was paid for a booking that is not delivered, or counts
-- nowhere because it was rescheduled, goes on to projected, and the next job lets it follow
-- the reschedule (R13): this one holds earnings and may not wait for bookings (R20).
--
-- Fired by  earnings_900_return_earnings on public.payments_practitionerpayout
-- Locks     earnings by id
-- Writes    public.payments_earningstransaction, earnings.settlement_queue

create or replace function earnings.tg_payouts__return_earnings()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_returned_ids bigint[];
    v_shared_ids bigint[];
begin
    with returning_rows as (
        select paid.id
        from new_payouts
        inner join old_payouts on new_payouts.id = old_payouts.id
        inner join public.payments_earningstransaction as paid on new_payouts.id = paid.payout_id
        where new_payouts.status in ('failed', 'canceled', 'cancelled')
            and old_payouts.status not in ('failed', 'canceled', 'cancelled')
            and paid.status = 'paid'
        order by paid.id
        for no key update of paid
    )

    select array_agg(returning_rows.id) into v_returned_ids from returning_rows;

    update public.payments_earningstransaction as paid
    set status = 'available', payout_id = null, updated_at = now()
    where paid.id = any (v_returned_ids);

    -- a row that is written twice asks for a share of its booking when the transaction commits
    v_shared_ids := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id in (
            select returned.booking_id
            from public.payments_earningstransaction as returned
            where returned.id = any (v_returned_ids)
        )
        order by bookings.id
        for key share skip locked
    );

    -- in other isolation levels it may see a booking as it was before its delivery was undone
    insert into earnings.settlement_queue (booking_id)
    select distinct returned.booking_id
    from public.payments_earningstransaction as returned
    where returned.id = any (v_returned_ids)
        and (
            not returned.booking_id = any (v_shared_ids)
            or current_setting('transaction_isolation') <> 'read committed'
        )
    order by returned.booking_id;

    with undelivered as (
        update public.payments_earningstransaction as returned
        set
            status = 'projected',
            available_after = earnings.projected_available_after(bookings, returned.created_at),
            updated_at = now()
        from public.bookings_booking as bookings
        where returned.id = any (v_returned_ids)
            and returned.status = 'available'
            and bookings.id = returned.booking_id
            and bookings.id = any (v_shared_ids)
            and bookings.status <> 'canceled'
            and (not earnings.is_delivered(bookings) or earnings.is_superseded(bookings.id))
            and not earnings.is_clawed_back(returned)
            and earnings.is_delivery(returned.transaction_type)
        returning returned.booking_id
    )

    insert into earnings.settlement_queue (booking_id)
    select undelivered.booking_id
    from undelivered
    order by undelivered.booking_id;

    return null;
end
$$;

comment on function earnings.tg_payouts__return_earnings()
is 'Returns the paid rows of payouts that failed or were canceled to available (R2, R21).';
