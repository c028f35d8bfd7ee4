-- All that the completion of a package session leaves behind, in one statement.
with

work as (

    select work.*
    from bench.work
    where work.place = %(place)s

),

completed as (

    update public.bookings_booking as bookings
    set
        status = 'completed',
        completed_at = now(),
        actual_end_time = now(),
        status_changed_at = now(),
        updated_at = now()
    from work
    where bookings.id = work.booking_id

),

frozen as (

    insert into earnings.package_terms (order_id, price_cents, session_count, currency)
    select
        work.order_id,
        work.price_cents,
        work.session_count,
        work.currency
    from work
    on conflict (order_id) do nothing

),

taken as (

    insert into earnings.session_slots (order_id, slot_number, booking_id, amount_cents)
    select
        work.order_id,
        work.session_number,
        work.booking_id,
        work.amount_cents
    from work

),

counted as (

    update public.payments_order as orders
    set
        package_metadata = jsonb_set(
            orders.package_metadata,
            '{sessions_completed}',
            to_jsonb((orders.package_metadata ->> 'sessions_completed')::integer + 1)
        )
    from work
    where orders.id = work.order_id

),

earned as (

    insert into public.payments_earningstransaction (
        created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents,
        net_amount_cents, status, available_after, currency, description, transaction_type,
        external_fees, metadata, booking_id, practitioner_id
    )
    select
        now(),
        now(),
        work.amount_cents,
        work.commission_rate,
        work.commission_cents,
        work.amount_cents - work.commission_cents,
        'pending',
        now() + interval '48 hours',
        work.currency,
        'Earnings for ' || work.service_name,
        'booking_completion',
        '{}',
        '{}',
        work.booking_id,
        work.practitioner_id
    from work
    returning *

),

recorded as (

    insert into earnings.transitions (
        earnings_id, booking_id, practitioner_id, gross_amount_cents, commission_amount_cents,
        net_amount_cents, from_net_amount_cents, stamped_at, available_after, event, to_status,
        currency, made_by, application
    )
    select
        earned.id,
        earned.booking_id,
        earned.practitioner_id,
        earned.gross_amount_cents,
        earned.commission_amount_cents,
        earned.net_amount_cents,
        0,
        clock_timestamp(),
        earned.available_after,
        'created',
        earned.status,
        earned.currency,
        session_user,
        current_setting('application_name', true)
    from earned

)

update public.payments_practitionerearnings as balances
set
    pending_balance_cents = balances.pending_balance_cents + earned.net_amount_cents,
    lifetime_earnings_cents = balances.lifetime_earnings_cents + earned.net_amount_cents,
    updated_at = now()
from earned
where balances.practitioner_id = earned.practitioner_id
