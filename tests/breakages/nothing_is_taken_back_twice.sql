-- Also  balances_are_true history_agrees_with_the_ledger
insert into payments_earningstransaction (
    created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents, net_amount_cents,
    status, available_after, currency, description, transaction_type, metadata, booking_id, practitioner_id
)
select
    created_at,
    updated_at,
    -2 * gross_amount_cents,
    commission_rate,
    -2 * commission_amount_cents,
    -2 * net_amount_cents,
    'available',
    available_after,
    currency,
    description,
    'clawback',
    jsonb_build_object('original_ids', jsonb_build_array(id)),
    booking_id,
    practitioner_id
from payments_earningstransaction
where id = (
        select min(earned.id)
        from payments_earningstransaction as earned
        inner join bookings_booking as bookings on earned.booking_id = bookings.id
        where
            earned.status = 'paid'
            and earned.currency = 'USD'
            and bookings.status = 'completed'
            and earned.booking_id not in (select booking_id from earnings.session_slots)
    )
returning booking_id
