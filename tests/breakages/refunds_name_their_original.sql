-- Also  balances_are_true history_agrees_with_the_ledger
insert into payments_earningstransaction (
    created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents, net_amount_cents,
    status, available_after, currency, description, transaction_type, metadata, booking_id, practitioner_id
)
select
    created_at,
    updated_at,
    -100,
    commission_rate,
    -15,
    -85,
    status,
    available_after,
    currency,
    description,
    'adjustment',
    '{"refunded_cents": 100}',
    booking_id,
    practitioner_id
from payments_earningstransaction
where id = (
        select min(id)
        from payments_earningstransaction
        where
            status = 'available'
            and currency = 'USD'
            and transaction_type = 'booking_completion'
            and booking_id not in (select booking_id from earnings.session_slots)
    )
returning id
