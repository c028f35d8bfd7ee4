-- Also  balances_are_true constraints_are_in_force history_agrees_with_the_ledger
drop index payments_earningstransaction_one_live_delivery_row;

insert into payments_earningstransaction (
    created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents, net_amount_cents,
    status, available_after, currency, description, transaction_type, booking_id, practitioner_id
)
select
    created_at,
    updated_at,
    gross_amount_cents,
    commission_rate,
    commission_amount_cents,
    net_amount_cents,
    status,
    available_after,
    currency,
    description,
    transaction_type,
    booking_id,
    practitioner_id
from payments_earningstransaction
where id = (
        select min(id)
        from payments_earningstransaction
        where
            status = 'pending'
            and transaction_type = 'booking_completion'
            and net_amount_cents > 0
            and currency = 'USD'
    )
returning booking_id
