-- One row per live delivery row beyond the first of its booking: the furthest advanced
-- stays, then the oldest (R6, R24).  What was paid stays as an adjustment, also when its payout
-- fails after the engine has taken it back: a clawback stands against it.

with

ranked as (

    select
        entries.id,
        entries.practitioner_id,
        entries.currency,
        entries.net_amount_cents,
        entries.status,
        entries.transaction_type,
        entries.booking_id,
        entries.status = 'paid' or earnings.is_clawed_back(entries) as was_paid,
        row_number() over (
            partition by entries.booking_id
            order by
                array_position(array['paid', 'available', 'pending', 'projected'], entries.status::text),
                entries.id
        ) as place
    from bookings_booking as bookings
    inner join payments_earningstransaction as entries on bookings.id = entries.booking_id
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and entries.status <> 'reversed'
        and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')

)

select
    'payments_earningstransaction' as table_name,
    id as row_id,
    'update' as operation,
    'duplicate' as reason,
    practitioner_id,
    currency,
    net_amount_cents::bigint as amount_cents,
    jsonb_build_object('status', status, 'net_amount_cents', net_amount_cents) as before,
    jsonb_build_object('status', 'reversed', 'net_amount_cents', net_amount_cents) as after
from ranked
where place > 1 and not was_paid

union all

select
    'payments_earningstransaction' as table_name,
    id as row_id,
    'update' as operation,
    'paid_twice' as reason,
    practitioner_id,
    currency,
    net_amount_cents::bigint as amount_cents,
    jsonb_build_object(
        'status', status, 'net_amount_cents', net_amount_cents, 'transaction_type', transaction_type
    ) as before,
    jsonb_build_object(
        'status', status, 'net_amount_cents', net_amount_cents, 'transaction_type', 'adjustment'
    ) as after
from ranked
where place > 1 and was_paid

union all

select
    'exceptions' as table_name,
    ranked.id as row_id,
    'insert' as operation,
    'paid_twice' as reason,
    ranked.practitioner_id,
    ranked.currency,
    ranked.net_amount_cents as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', 'paid_twice',
        'subject', 'earnings',
        'subject_id', ranked.id,
        'detail', jsonb_build_object('booking_id', ranked.booking_id),
        'proposed_action', coalesce(kinds.proposed_action, 'approve a clawback')
    ) as after
from ranked
left join exception_kinds as kinds on kinds.kind = 'paid_twice'
where ranked.place > 1
    and ranked.was_paid
    and not exists (
        select
        from exceptions
        where exceptions.subject_id = ranked.id
            and exceptions.kind = 'paid_twice'
            and exceptions.subject = 'earnings'
            and exceptions.resolved_at is null
    )
