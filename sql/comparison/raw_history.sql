-- Every entry of the history, one earnings row after another, each from its first entry to its
-- last; with what the row is and for which order it earns.

select
    transitions.earnings_id,
    transitions.practitioner_id,
    transitions.currency,
    transitions.event,
    transitions.to_status,
    transitions.payout_id,
    transitions.net_amount_cents,
    transitions.stamped_at,
    coalesce(
        ledger.transaction_type,
        max(transitions.transaction_type) over (partition by transitions.earnings_id)
    ) as transaction_type,
    bookings.order_id
from earnings.transitions
left join public.payments_earningstransaction as ledger on transitions.earnings_id = ledger.id
left join public.bookings_booking as bookings on transitions.booking_id = bookings.id
order by transitions.earnings_id, transitions.stamped_at;
