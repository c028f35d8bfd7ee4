-- One row per booking and earnings row whose status is off the app's list, whose payout
-- failed, or that is not paid and still names a payout (R1, R9, R21).

with

canceled_bookings as (

    select
        bookings.id,
        bookings.practitioner_id,
        bookings.status,
        bookings.canceled_at,
        bookings.status_changed_at
    from bookings_booking as bookings
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and bookings.status = 'cancelled'

),

earnings_found as (

    select
        entries.id,
        entries.practitioner_id,
        entries.currency,
        entries.net_amount_cents,
        entries.status,
        entries.payout_id,
        coalesce(payouts.status in ('failed', 'canceled', 'cancelled'), false) as has_failed_payout,
        entries.transaction_type = 'reversal' or entries.net_amount_cents < 0 as is_mirror
    from bookings_booking as bookings
    inner join payments_earningstransaction as entries on bookings.id = entries.booking_id
    left join payments_practitionerpayout as payouts on entries.payout_id = payouts.id
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint

),

earnings_judged as (

    select
        *,
        case
            when status = 'reversed' then 'reversed'
            when status = 'completed' and is_mirror then 'reversed'
            when has_failed_payout and status not in ('projected', 'pending') then 'available'
            when status in ('projected', 'pending', 'available', 'paid') then status
            when status = 'paid_out' or payout_id is not null then 'paid'
            else 'pending'
        end as new_status,
        case
            when status = 'completed' and is_mirror then 'mirror_row'
            when has_failed_payout and status in ('paid', 'paid_out', 'processing') then 'payout_failed'
            when status = 'paid_out' then 'paid_out'
            when status = 'processing' and payout_id is not null then 'processing_with_payout'
            when status = 'processing' then 'processing_without_payout'
            when status in ('projected', 'pending', 'available', 'reversed') then 'unpaid_with_payout'
            else 'unknown_status'
        end as reason
    from earnings_found

),

earnings_normalized as (

    select
        *,
        case when new_status = 'paid' then payout_id end as new_payout_id
    from earnings_judged

),

exceptions_found as (

    select
        earnings_normalized.id,
        earnings_normalized.practitioner_id,
        earnings_normalized.currency,
        earnings_normalized.net_amount_cents
    from earnings_normalized
    where earnings_normalized.new_status = 'paid'
        and earnings_normalized.new_payout_id is null
        and not exists (
            select
            from exceptions
            where exceptions.subject_id = earnings_normalized.id
                and exceptions.kind = 'paid_without_payout'
                and exceptions.subject = 'earnings'
                and exceptions.resolved_at is null
        )

)

select
    'bookings_booking' as table_name,
    id as row_id,
    'update' as operation,
    'british_spelling' as reason,
    practitioner_id,
    null as currency,
    null::bigint as amount_cents,
    jsonb_build_object('status', status, 'canceled_at', canceled_at) as before,
    jsonb_build_object('status', 'canceled', 'canceled_at', coalesce(canceled_at, status_changed_at)) as after
from canceled_bookings

union all

select
    'payments_earningstransaction' as table_name,
    id as row_id,
    'update' as operation,
    reason,
    practitioner_id,
    currency,
    net_amount_cents as amount_cents,
    jsonb_build_object(
        'status', status, 'net_amount_cents', net_amount_cents, 'payout_id', payout_id
    ) as before,
    jsonb_build_object(
        'status', new_status, 'net_amount_cents', net_amount_cents, 'payout_id', new_payout_id
    ) as after
from earnings_normalized
where new_status <> status or new_payout_id is distinct from payout_id

union all

select
    'exceptions' as table_name,
    exceptions_found.id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    exceptions_found.practitioner_id,
    exceptions_found.currency,
    exceptions_found.net_amount_cents as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', exceptions_found.id,
        'detail', '{}'::jsonb,
        'proposed_action', kinds.proposed_action
    ) as after
from exceptions_found
inner join exception_kinds as kinds on kinds.kind = 'paid_without_payout'
