-- What the migration made of the data, without what differs from run to run: the ids of the rows that it
-- inserted, the time it ran (also as the delivery of bookings that say nothing about theirs), and updated_at.

select concat_ws(
    ' ', 'booking', bookings.id, bookings.status,
    case when bookings.completed_at < now() - interval '10 minutes' then bookings.completed_at end, bookings.canceled_at,
    bookings.credit_usage_transaction_id, orders.public_uuid, orders.subtotal_amount_cents, orders.status,
    orders.order_type, orders.package_metadata - 'migrated_at'
) as line
from bookings_booking as bookings
left join payments_order as orders on bookings.order_id = orders.id

union all

select concat_ws(
    ' ', 'earnings', entries.booking_id, entries.transaction_type, entries.status, entries.gross_amount_cents,
    entries.commission_amount_cents, entries.net_amount_cents,
    case
        when entries.available_after not between now() + interval '47 hours' and now() + interval '49 hours'
            then entries.available_after
    end,
    entries.payout_id,
    entries.practitioner_id, entries.currency
)
from payments_earningstransaction as entries

union all

select concat_ws(
    ' ', 'balance', practitioner_id, pending_balance_cents, available_balance_cents, lifetime_earnings_cents,
    lifetime_payouts_cents, last_payout_date
)
from payments_practitionerearnings

union all

select concat_ws(' ', 'exception', kind, subject, subject_id)
from earnings.exceptions
where resolved_at is null and not (subject = 'order' and subject_id in (
    select row_id from earnings_migration.row_changes where table_name = 'payments_order' and operation = 'insert'
)) and subject <> 'earnings'

union all

select concat_ws(' ', 'slot', booking_id, slot_number, amount_cents, prepaid_cents)
from earnings.session_slots

union all

select concat_ws(' ', 'change', step, table_name, operation, reason, count(*))
from earnings_migration.row_changes
where reverted_at is null
group by step, table_name, operation, reason

order by line
