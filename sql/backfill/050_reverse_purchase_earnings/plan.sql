-- One row per unpaid live delivery row on a purchase booking, which is reversed, and per
-- order whose purchase was paid out before all its sessions were delivered by its payee
-- (R7, R10).

with

purchase_earnings as (

    select
        entries.id,
        entries.practitioner_id,
        entries.currency,
        entries.gross_amount_cents,
        entries.net_amount_cents,
        entries.status,
        entries.booking_id,
        bookings.order_id
    from bookings_booking as bookings
    inner join payments_earningstransaction as entries on bookings.id = entries.booking_id
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and (bookings.is_package_purchase or bookings.is_bundle_purchase)
        and entries.status <> 'reversed'
        and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
        -- what the engine has taken back meanwhile stays beside its clawback, also when its payout fails
        and (entries.status = 'paid' or not earnings.is_clawed_back(entries))

),

paid_orders as (

    select
        order_id,
        min(practitioner_id) as practitioner_id,
        min(currency) as currency,
        sum(gross_amount_cents) as gross_amount_cents,
        sum(net_amount_cents) as net_amount_cents,
        jsonb_agg(id order by id) as earnings_ids
    from purchase_earnings
    where status = 'paid' and order_id is not null
    group by order_id

)

select
    'payments_earningstransaction' as table_name,
    id as row_id,
    'update' as operation,
    'purchase_earns_nothing' as reason,
    practitioner_id,
    currency,
    net_amount_cents::bigint as amount_cents,
    jsonb_build_object('status', status, 'net_amount_cents', net_amount_cents) as before,
    jsonb_build_object('status', 'reversed', 'net_amount_cents', net_amount_cents) as after
from purchase_earnings
where status <> 'paid'

union all

select
    'exceptions' as table_name,
    paid_orders.order_id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    paid_orders.practitioner_id,
    paid_orders.currency,
    paid_orders.net_amount_cents as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', paid_orders.order_id,
        'detail', jsonb_build_object(
            'earnings_ids', paid_orders.earnings_ids,
            'gross_amount_cents', paid_orders.gross_amount_cents,
            'net_amount_cents', paid_orders.net_amount_cents
        ),
        'proposed_action', kinds.proposed_action
    ) as after
from paid_orders
inner join exception_kinds as kinds on kinds.kind = 'purchase_already_paid'
where not exists (
        select
        from exceptions
        where exceptions.subject_id = paid_orders.order_id
            and exceptions.kind = kinds.kind
            and exceptions.subject = kinds.subject
            and exceptions.resolved_at is null
    )
