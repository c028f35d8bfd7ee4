-- All that a direct completion leaves behind, in one statement, which nothing is quicker than.
with

completed as (

    update public.bookings_booking
    set
        status = 'completed',
        completed_at = now(),
        actual_end_time = now(),
        status_changed_at = now(),
        updated_at = now()
    where id = (select work.booking_id from bench.work where work.place = %(place)s)
    returning id

),

moved as (

    update public.payments_earningstransaction as entries
    set status = 'pending', available_after = now() + interval '48 hours', updated_at = now()
    from completed
    where entries.booking_id = completed.id and entries.status = 'projected'
    returning entries.*

),

recorded as (

    insert into earnings.transitions (
        earnings_id, booking_id, practitioner_id, payout_id, gross_amount_cents, commission_amount_cents,
        net_amount_cents, from_net_amount_cents, stamped_at, available_after, event, from_status, to_status,
        currency, made_by, application
    )
    select
        moved.id,
        moved.booking_id,
        moved.practitioner_id,
        moved.payout_id,
        moved.gross_amount_cents,
        moved.commission_amount_cents,
        moved.net_amount_cents,
        moved.net_amount_cents as from_net_amount_cents,
        clock_timestamp(),
        moved.available_after,
        'status_changed',
        'projected',
        'pending',
        moved.currency,
        session_user,
        current_setting('application_name', true)
    from moved

)

update public.payments_practitionerearnings as balances
set
    pending_balance_cents = balances.pending_balance_cents + moved.net_amount_cents,
    lifetime_earnings_cents = balances.lifetime_earnings_cents + moved.net_amount_cents,
    updated_at = now()
from moved
where balances.practitioner_id = moved.practitioner_id
