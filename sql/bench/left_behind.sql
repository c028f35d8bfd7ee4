-- What writes have left in every table that the engine writes, without when and by whom.
select
    'booking' as kind,
    bookings.id as row_id,
    jsonb_build_array(bookings.status, bookings.completed_at is null, bookings.order_id) as content
from public.bookings_booking as bookings

union all

select
    'earnings' as kind,
    entries.booking_id as row_id,
    jsonb_build_array(
        entries.status, entries.gross_amount_cents, entries.commission_amount_cents, entries.net_amount_cents,
        entries.currency, entries.practitioner_id, entries.payout_id, entries.transaction_type
    ) as content
from public.payments_earningstransaction as entries

union all

select
    'transition' as kind,
    entries.booking_id as row_id,
    jsonb_build_array(
        entries.event, entries.from_status, entries.to_status, entries.gross_amount_cents,
        entries.net_amount_cents, entries.from_net_amount_cents, entries.currency, entries.practitioner_id
    ) as content
from earnings.transitions as entries

union all

select
    'slot' as kind,
    slots.booking_id as row_id,
    jsonb_build_array(slots.order_id, slots.slot_number, slots.amount_cents, slots.prepaid_cents) as content
from earnings.session_slots as slots

union all

select
    'terms' as kind,
    terms.order_id as row_id,
    jsonb_build_array(terms.price_cents, terms.session_count, terms.currency, terms.prepaid_cents) as content
from earnings.package_terms as terms

union all

select
    'order' as kind,
    orders.id as row_id,
    jsonb_build_array(orders.status, orders.order_type, orders.package_metadata) as content
from public.payments_order as orders

union all

select
    'balance' as kind,
    balances.practitioner_id as row_id,
    jsonb_build_array(
        balances.pending_balance_cents, balances.available_balance_cents, balances.lifetime_earnings_cents,
        balances.lifetime_payouts_cents
    ) as content
from public.payments_practitionerearnings as balances

order by kind, row_id, content
