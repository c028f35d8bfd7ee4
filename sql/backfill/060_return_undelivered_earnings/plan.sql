-- One row per unpaid earnings row of a booking that was not delivered: projected again, with
-- the hold after its appointment (R4), or reversed when the booking is canceled; and per paid
-- one of a canceled booking (R9, R24).

with

undelivered as (

    select
        entries.id,
        entries.practitioner_id,
        entries.currency,
        entries.net_amount_cents,
        entries.status,
        entries.available_after,
        entries.booking_id,
        bookings.status in ('canceled', 'cancelled') as is_canceled,
        bookings.status = 'no_show' as is_no_show,
        coalesce(
            earnings.appointment_end(bookings.service_id, bookings.service_session_id, bookings.end_time),
            entries.created_at
        ) + earnings.setting('hold')::interval as new_available_after
    from bookings_booking as bookings
    inner join payments_earningstransaction as entries on bookings.id = entries.booking_id
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and bookings.status <> 'completed'
        and not (bookings.is_package_purchase or bookings.is_bundle_purchase)
        and entries.status <> 'reversed'
        and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
        -- what the engine has taken back meanwhile stays beside its clawback, also when its payout fails
        and (entries.status = 'paid' or not earnings.is_clawed_back(entries))

),

judged as (

    select
        *,
        case
            when is_canceled then 'canceled'
            when is_no_show and earnings.setting('no_show_policy') = 'reverse' then 'no_show'
            when is_no_show and earnings.setting('no_show_policy') = 'pay' then null
            when status in ('pending', 'available') then 'undelivered'
            when available_after <> new_available_after then 'appointment_moved'
        end as reason
    from undelivered
    where status <> 'paid'

),

paid_and_canceled as (

    select *
    from undelivered
    where status = 'paid'
        and is_canceled
        and not exists (
            select
            from payments_earningstransaction as clawbacks
            where clawbacks.booking_id = undelivered.booking_id
                and clawbacks.transaction_type = 'clawback'
                and clawbacks.status <> 'reversed'
        )

)

select
    'payments_earningstransaction' as table_name,
    id as row_id,
    'update' as operation,
    reason,
    practitioner_id,
    currency,
    net_amount_cents::bigint as amount_cents,
    case
        when reason in ('undelivered', 'appointment_moved')
            then jsonb_build_object(
                    'status', status, 'net_amount_cents', net_amount_cents, 'available_after', available_after
                )
        else jsonb_build_object('status', status, 'net_amount_cents', net_amount_cents)
    end as before,
    case
        when reason in ('undelivered', 'appointment_moved')
            then jsonb_build_object(
                    'status', 'projected', 'net_amount_cents', net_amount_cents, 'available_after', new_available_after
                )
        else jsonb_build_object('status', 'reversed', 'net_amount_cents', net_amount_cents)
    end as after
from judged
where reason is not null

union all

select
    'exceptions' as table_name,
    paid_and_canceled.id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    paid_and_canceled.practitioner_id,
    paid_and_canceled.currency,
    paid_and_canceled.net_amount_cents as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', paid_and_canceled.id,
        'detail', jsonb_build_object(
            'booking_id', paid_and_canceled.booking_id,
            'proposed_clawback_cents', -paid_and_canceled.net_amount_cents
        ),
        'proposed_action', kinds.proposed_action
    ) as after
from paid_and_canceled
inner join exception_kinds as kinds on kinds.kind = 'canceled_after_payment'
where not exists (
        select
        from exceptions
        where exceptions.subject_id = paid_and_canceled.id
            and exceptions.kind = kinds.kind
            and exceptions.subject = kinds.subject
            and exceptions.resolved_at is null
    )
