-- What is wrong with the rows of the practitioners given; no rows means nothing is.
with

ledger as (

    select *
    from public.payments_earningstransaction
    where practitioner_id = any (%(practitioner_ids)s)

),

history as (

    select *
    from earnings.transitions
    where practitioner_id = any (%(practitioner_ids)s)

),

steps as (

    select earnings_id, to_status as status, net_amount_cents as cents
    from history
    where to_status is not null

    union all

    select earnings_id, from_status as status, -from_net_amount_cents as cents
    from history
    where from_status is not null

),

history_sums as (

    select earnings_id, status, sum(cents) as cents
    from steps
    group by earnings_id, status
    having sum(cents) <> 0

),

balances as (

    select
        practitioner_id,
        coalesce(sum(net_amount_cents) filter (where status = 'pending'), 0) as pending,
        coalesce(sum(net_amount_cents) filter (where status = 'available'), 0) as available,
        coalesce(sum(net_amount_cents) filter (where status = 'paid'), 0) as paid
    from ledger
    group by practitioner_id

),

package_orders as (

    select terms.*
    from earnings.package_terms as terms
    inner join public.payments_order as orders on terms.order_id = orders.id
    where orders.practitioner_id = any (%(practitioner_ids)s)

)

select
    'the history does not add up to the row' as claim,
    coalesce(ledger.id, history_sums.earnings_id) as id,
    format('row %%s %%s, history %%s %%s', ledger.status, ledger.net_amount_cents, history_sums.status, history_sums.cents)
    as detail
from (select * from ledger where net_amount_cents <> 0) as ledger
full join history_sums on ledger.id = history_sums.earnings_id and ledger.status = history_sums.status
where ledger.net_amount_cents is distinct from history_sums.cents

union all

select
    'the cached balance is not true',
    balances.practitioner_id,
    format('%%s %%s %%s, cached %%s', balances.pending, balances.available, balances.paid, to_jsonb(cached))
from balances
left join public.payments_practitionerearnings as cached on balances.practitioner_id = cached.practitioner_id
where (balances.pending, balances.available, balances.pending + balances.available + balances.paid, balances.paid)
    is distinct from (
        cached.pending_balance_cents, cached.available_balance_cents,
        cached.lifetime_earnings_cents, cached.lifetime_payouts_cents
    )

union all

select 'two live delivery rows', booking_id, string_agg(id || ' ' || status, ', ')
from ledger
where status <> 'reversed' and transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
group by booking_id
having count(*) > 1

union all

select 'an illegal change in the history', history.id, format('%%s -> %%s', history.from_status, history.to_status)
from history
left join earnings.status_rules as rules
    on coalesce(history.from_status, 'new') = rules.from_status and history.to_status = rules.to_status
where history.event <> 'deleted'
    and history.from_status is distinct from history.to_status
    and rules.rule is null

union all

select 'net is not gross less commission', id, format('%%s %%s %%s', gross_amount_cents, commission_amount_cents, net_amount_cents)
from ledger
where net_amount_cents <> gross_amount_cents - commission_amount_cents

union all

select
    'the slots of a package are not worth its price',
    package_orders.order_id,
    format('%%s of %%s', sum(earnings.slot_amount(package_orders.price_cents, package_orders.session_count, number)), price_cents)
from package_orders
cross join lateral generate_series(1, package_orders.session_count) as number
group by package_orders.order_id, package_orders.price_cents
having sum(earnings.slot_amount(package_orders.price_cents, package_orders.session_count, number)) <> package_orders.price_cents

union all

select 'a slot is not worth what was sold', slots.booking_id, to_jsonb(slots)::text
from package_orders
inner join earnings.session_slots as slots on package_orders.order_id = slots.order_id
left join public.bookings_booking as bookings on slots.booking_id = bookings.id and slots.order_id = bookings.order_id
where slots.slot_number > package_orders.session_count
    or (
        bookings.status is distinct from 'completed'
        and not exists (select from ledger where ledger.booking_id = slots.booking_id and ledger.status in ('available', 'paid'))
        and not exists (select from earnings.settlement_queue as queue where queue.booking_id = slots.booking_id)
    )
    or slots.amount_cents
    <> slots.slot_number * package_orders.price_cents::bigint / package_orders.session_count
    - (slots.slot_number - 1) * package_orders.price_cents::bigint / package_orders.session_count

union all

select 'a package earns more than its price', package_orders.order_id, format('%%s of %%s', sum(ledger.gross_amount_cents), package_orders.price_cents)
from package_orders
inner join public.bookings_booking as bookings on package_orders.order_id = bookings.order_id
inner join ledger on bookings.id = ledger.booking_id
where ledger.status in ('pending', 'available', 'paid')
    and ledger.transaction_type <> 'bonus'
    -- what a person has forgiven after its slot went to another session is beyond the price
    and (
        exists (select from earnings.session_slots as slots where slots.booking_id = ledger.booking_id)
        or not exists (
            select
            from ledger as forgiven
            where forgiven.booking_id = ledger.booking_id
                and forgiven.transaction_type = 'clawback'
                and forgiven.status = 'reversed'
        )
    )
group by package_orders.order_id, package_orders.price_cents
having sum(ledger.gross_amount_cents) > package_orders.price_cents

union all

select 'a payout is not worth its rows', payouts.id, format('%%s, rows %%s', payouts.credits_payout_cents, sum(ledger.net_amount_cents))
from ledger
inner join public.payments_practitionerpayout as payouts on ledger.payout_id = payouts.id
where ledger.status = 'paid'
group by payouts.id, payouts.credits_payout_cents
having sum(ledger.net_amount_cents) <> payouts.credits_payout_cents

union all

select 'a balance waits to be folded', practitioner_id, ''
from earnings.balance_queue
where practitioner_id = any (%(practitioner_ids)s)

union all

select
    'a booking has cost more than it earned',
    booking_id,
    string_agg(id || ' ' || transaction_type || ' ' || status || ' ' || net_amount_cents, ', ' order by id)
from ledger
where status <> 'reversed'
group by booking_id, currency
having sum(net_amount_cents) < 0 and bool_or(transaction_type = 'clawback' or metadata ? 'refunded_cents')
