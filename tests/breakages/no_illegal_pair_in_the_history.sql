-- Also  history_agrees_with_the_ledger
insert into earnings.transitions (
    earnings_id, booking_id, practitioner_id, gross_amount_cents, commission_amount_cents, net_amount_cents,
    from_net_amount_cents, stamped_at, event, from_status, to_status, currency, made_by
)
select
    earnings_id,
    booking_id,
    practitioner_id,
    gross_amount_cents,
    commission_amount_cents,
    net_amount_cents,
    net_amount_cents,
    clock_timestamp(),
    'status_changed',
    to_status,
    'paid',
    currency,
    'a superuser'
from earnings.transitions
where id = (
        select max(transitions.id)
        from earnings.transitions
        inner join payments_earningstransaction as ledger on transitions.earnings_id = ledger.id
        where
            transitions.to_status = 'reversed'
            and not exists (
                select
                from earnings.transitions as later
                where later.earnings_id = transitions.earnings_id and later.stamped_at > transitions.stamped_at
            )
    )
returning id
