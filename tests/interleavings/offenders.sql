-- interleavings.offenders(practitioner_id, hold_since): what is wrong with the money, the history, the slots,
-- the counts and the holds of one practitioner, one sentence each; nothing is a pass.  It states the rules
-- again, from the tables alone and without the engine's functions: a fault of theirs must not hide here.
-- hold_since: no delivered earnings may be held for less than 48 hours from then; null to leave that out.

create function interleavings.offenders(practitioner_id bigint, hold_since timestamptz default null)
returns setof text
language sql
stable
as $$
    with

    ledger as (

        select
            rows_of.*,
            rows_of.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal') as is_delivery,
            rows_of.status <> 'reversed' as is_live
        from public.payments_earningstransaction as rows_of
        where rows_of.practitioner_id = offenders.practitioner_id

    ),

    -- debits that a person has forgiven; a refund's goes by itself only together with what it is taken from
    forgiven as (

        select debits.booking_id
        from ledger as debits
        where not debits.is_live
            and (
                debits.transaction_type = 'clawback'
                or (
                    debits.transaction_type = 'adjustment'
                    and exists (
                        select
                        from ledger as original
                        where original.is_live
                            and debits.metadata @> jsonb_build_object('original_ids', jsonb_build_array(original.id))
                    )
                )
            )

    ),

    bookings as (

        select
            rows_of.*,
            rows_of.is_package_purchase or rows_of.is_bundle_purchase as is_purchase,
            coalesce(orders.order_type in ('package', 'bundle'), false) as is_session
        from public.bookings_booking as rows_of
        left join public.payments_order as orders on rows_of.order_id = orders.id
        where rows_of.practitioner_id = offenders.practitioner_id

    ),

    orders as (

        select rows_of.*
        from public.payments_order as rows_of
        where rows_of.practitioner_id = offenders.practitioner_id

    ),

    history as (

        select
            transitions.*,
            lag(transitions.to_status) over by_row as earlier_status,
            lag(transitions.net_amount_cents) over by_row as earlier_net_cents,
            lag(transitions.id) over by_row as earlier_id,
            lead(transitions.id) over by_row is null as is_newest
        from earnings.transitions
        where transitions.practitioner_id = offenders.practitioner_id
        window by_row as (partition by transitions.earnings_id order by transitions.stamped_at)

    ),

    slots as (

        select
            slots.*,
            terms.price_cents,
            terms.session_count
        from orders
        inner join earnings.session_slots as slots on orders.id = slots.order_id
        inner join earnings.package_terms as terms on orders.id = terms.order_id

    )

    select format(
        'R17 cached %s %s %s %s, true %s %s %s %s',
        cached.pending_balance_cents, cached.available_balance_cents,
        cached.lifetime_earnings_cents, cached.lifetime_payouts_cents,
        truth.pending, truth.available, truth.lifetime, truth.paid
    )
    from (
        select
            coalesce(sum(net_amount_cents) filter (where status = 'pending'), 0) as pending,
            coalesce(sum(net_amount_cents) filter (where status = 'available'), 0) as available,
            coalesce(sum(net_amount_cents) filter (where status in ('pending', 'available', 'paid')), 0) as lifetime,
            coalesce(sum(net_amount_cents) filter (where status = 'paid'), 0) as paid
        from ledger
    ) as truth
    left join public.payments_practitionerearnings as cached on cached.practitioner_id = offenders.practitioner_id
    where (
        coalesce(cached.pending_balance_cents, 0), coalesce(cached.available_balance_cents, 0),
        coalesce(cached.lifetime_earnings_cents, 0), coalesce(cached.lifetime_payouts_cents, 0)
    ) is distinct from (truth.pending, truth.available, truth.lifetime, truth.paid)

    union all

    select 'R20 a balance still waits to be folded'
    from earnings.balance_queue as queue
    where queue.practitioner_id = offenders.practitioner_id

    union all

    select format('R19 the history of %s sums to %s, the table to %s', status, sum(said), sum(held))
    from (
        select to_status as status, net_amount_cents as said, 0 as held
        from history
        where to_status is not null
        union all
        select from_status, -from_net_amount_cents, 0
        from history
        where from_status is not null
        union all
        select status, 0, net_amount_cents
        from ledger
    ) as both_sides
    group by status
    having sum(said) <> sum(held)

    union all

    select format('R19 the newest entry of earnings %s says %s', coalesce(ledger.id, newest.earnings_id), newest.to_status)
    from (select * from history where is_newest) as newest
    full join ledger on newest.earnings_id = ledger.id
    where (ledger.status, ledger.net_amount_cents, ledger.booking_id, ledger.payout_id, ledger.available_after)
        is distinct from
        (newest.to_status, newest.net_amount_cents, newest.booking_id, newest.payout_id, newest.available_after)
        and (ledger.id is not null or newest.to_status is not null)

    union all

    select format('R19 earnings %s go on from %s after %s', earnings_id, from_status, earlier_status)
    from history
    where (earlier_id is null) <> (event in ('created', 'opening'))
        or (
            earlier_id is not null
            and (from_status, from_net_amount_cents) is distinct from (earlier_status, earlier_net_cents)
        )

    union all

    select format('R2 earnings %s went from %s to %s', earnings_id, coalesce(from_status, 'new'), to_status)
    from history
    where to_status is distinct from from_status
        and to_status is not null
        and not exists (
            select
            from earnings.status_rules as rules
            where rules.from_status = coalesce(history.from_status, 'new') and rules.to_status = history.to_status
        )

    union all

    select format('R5 earnings %s: net is not gross less commission', id)
    from ledger
    where net_amount_cents <> gross_amount_cents - commission_amount_cents

    union all

    select format('R6 earnings %s are of the type that wakes the reversal of the app', id)
    from ledger
    where transaction_type = 'booking'

    union all

    select format('R6 booking %s has %s live delivery rows', booking_id, count(*))
    from ledger
    where is_delivery and is_live
    group by booking_id
    having count(*) > 1

    union all

    select format('R2 %s earnings of booking %s, which is %s', ledger.status, bookings.id, bookings.status)
    from ledger
    inner join bookings on ledger.booking_id = bookings.id
    where ledger.is_delivery
        and ledger.status in ('pending', 'available')
        and bookings.status not in ('completed', 'no_show')
        -- the next job makes it projected
        and not exists (select from earnings.settlement_queue as queue where queue.booking_id = bookings.id)
        and not exists (
            select
            from ledger as clawbacks
            where clawbacks.booking_id = bookings.id and clawbacks.transaction_type = 'clawback' and clawbacks.is_live
        )

    union all

    select format('R9 booking %s is canceled and still worth %s cents', bookings.id, sum(ledger.net_amount_cents))
    from bookings
    inner join ledger on bookings.id = ledger.booking_id
    where bookings.status in ('canceled', 'cancelled')
        and ledger.is_live
        and not exists (select from forgiven where forgiven.booking_id = bookings.id)
    group by bookings.id
    having sum(ledger.net_amount_cents) <> 0

    union all

    select format('R9 booking %s is worth %s after refunds of %s', bookings.id, worth.gross_cents, refunds.cents)
    from bookings
    cross join lateral (
        select sum(credits.amount_cents) as cents
        from public.payments_usercredittransaction as credits
        -- of the booking, or of its order as a whole
        where (credits.booking_id = bookings.id or (credits.booking_id is null and credits.order_id = bookings.order_id))
            and credits.transaction_type = 'refund'
    ) as refunds
    cross join lateral (
        select coalesce(sum(ledger.gross_amount_cents) filter (where ledger.is_live), 0) as gross_cents
        from ledger
        where ledger.booking_id = bookings.id and ledger.transaction_type <> 'bonus'
    ) as worth
    where refunds.cents > 0
        and not bookings.is_session
        and not bookings.is_purchase
        and bookings.status in ('completed', 'confirmed')
        and worth.gross_cents > bookings.price_charged_cents - least(refunds.cents, bookings.price_charged_cents)
        -- without a price there is nothing to measure the refund by
        and not (
            bookings.price_charged_cents = 0
            and exists (
                select
                from earnings.exceptions as known
                where known.kind = 'refund_without_price' and known.subject = 'booking' and known.subject_id = bookings.id
            )
        )
        and not exists (select from forgiven where forgiven.booking_id = bookings.id)

    union all

    select format('R1 purchase booking %s has %s earnings', bookings.id, ledger.status)
    from ledger
    inner join bookings on ledger.booking_id = bookings.id
    where bookings.is_purchase and ledger.is_live

    union all

    select format('R7 order %s was paid %s of %s cents', orders.id, sum(ledger.gross_amount_cents), orders.subtotal_amount_cents)
    from orders
    inner join bookings on orders.id = bookings.order_id
    inner join ledger on bookings.id = ledger.booking_id
    where ledger.status in ('pending', 'available', 'paid') and ledger.transaction_type <> 'bonus'
    group by orders.id, orders.subtotal_amount_cents
    having sum(ledger.gross_amount_cents) > orders.subtotal_amount_cents

    union all

    select format('R6 booking %s is delivered and has no delivery row', bookings.id)
    from bookings
    where bookings.status = 'completed'
        and not bookings.is_purchase
        and not exists (select from ledger where ledger.booking_id = bookings.id and ledger.is_delivery)
        and (not bookings.is_session or exists (select from slots where slots.booking_id = bookings.id))
        and not exists (
            select
            from earnings.exceptions as known
            where known.subject = 'booking'
                and known.subject_id = bookings.id
                and known.kind in ('reschedule_already_paid', 'order_earns_already')
        )

    union all

    select format('R4 booking %s is delivered and does not say when', bookings.id)
    from bookings
    where bookings.status = 'completed' and bookings.completed_at is null

    union all

    select format('R4 earnings %s are held until %s', ledger.id, ledger.available_after)
    from ledger
    inner join bookings on ledger.booking_id = bookings.id
    left join public.service_sessions as sessions on bookings.service_session_id = sessions.id
    where ledger.is_delivery
        and ledger.status = 'projected'
        and bookings.status <> 'completed'
        and ledger.available_after <> coalesce(sessions.end_time, bookings.end_time, ledger.created_at) + interval '48 hours'

    union all

    select format('R4 earnings %s are held until %s only', ledger.id, ledger.available_after)
    from ledger
    where ledger.is_delivery
        and ledger.status in ('pending', 'available')
        and ledger.available_after < offenders.hold_since + interval '48 hours'

    union all

    select format('R8 order %s says %s sessions completed, it is %s', orders.id, orders.package_metadata -> 'sessions_completed', facts.completed)
    from orders
    cross join lateral (
        select count(*) as completed
        from bookings
        where bookings.order_id = orders.id
            and (
                bookings.status = 'completed'
                -- what was paid keeps its slot, and has used up a session (R12)
                or (
                    bookings.status = 'no_show'
                    and exists (select from slots where slots.booking_id = bookings.id)
                )
            )
            and not bookings.is_purchase
            -- who was rescheduled counts nowhere (R13)
            and not exists (
                select from public.bookings_booking as later where later.rescheduled_from_id = bookings.id
            )
    ) as facts
    where orders.order_type in ('package', 'bundle')
        and orders.package_metadata -> 'sessions_completed' is distinct from to_jsonb(facts.completed)

    union all

    select format('R10 order %s lost its terms: %s %s', orders.id, orders.order_type, orders.package_metadata)
    from orders
    inner join public.services_service as services on orders.service_id = services.id
    inner join public.services_servicetype as types on services.service_type_id = types.id
    where types.code in ('package', 'bundle')
        and (orders.order_type not in ('package', 'bundle') or not orders.package_metadata ? 'total_sessions')

    union all

    select format('R7 slot %s of order %s is worth %s', slot_number, order_id, amount_cents)
    from slots
    where amount_cents <> floor(slot_number::numeric * price_cents / session_count)
        - floor((slot_number - 1)::numeric * price_cents / session_count)
        or slot_number > session_count

    union all

    select format('R7 slot %s of order %s belongs to booking %s, which is %s', slots.slot_number, slots.order_id, slots.booking_id, coalesce(bookings.status, 'gone'))
    from slots
    left join bookings on slots.booking_id = bookings.id
    -- money that was paid and not clawed back keeps its slot
    where bookings.id is null
        or bookings.order_id <> slots.order_id
        or (
            bookings.status <> 'completed'
            -- the next job frees it
            and not exists (select from earnings.settlement_queue as queue where queue.booking_id = bookings.id)
            and coalesce(
                (
                    select sum(ledger.net_amount_cents)
                    from ledger
                    where ledger.booking_id = bookings.id
                        and (ledger.status = 'paid' or (ledger.transaction_type = 'clawback' and ledger.is_live))
                ),
                0
            ) <= 0
        )

    union all

    select format('R7 booking %s waits for a slot while order %s has one free', bookings.id, orders.id)
    from bookings
    inner join orders on bookings.order_id = orders.id
    where bookings.is_session
        and bookings.status = 'completed'
        and not bookings.is_purchase
        and not exists (select from slots where slots.booking_id = bookings.id)
        and not exists (select from public.bookings_booking as later where later.rescheduled_from_id = bookings.id)
        -- a refund of the whole order uses up free slots (R9)
        and orders.status not in ('refunded', 'partially_refunded')
        and orders.subtotal_amount_cents > (
            select coalesce(sum(credits.amount_cents), 0)
            from public.payments_usercredittransaction as credits
            where credits.order_id = orders.id and credits.booking_id is null and credits.transaction_type = 'refund'
        )
        and (orders.package_metadata ->> 'total_sessions')::integer > (select count(*) from slots where slots.order_id = orders.id)

    union all

    select format('R7 booking %s earns %s in a slot of %s', bookings.id, ledger.gross_amount_cents, slots.amount_cents)
    from ledger
    inner join bookings on ledger.booking_id = bookings.id
    left join slots on bookings.id = slots.booking_id
    where bookings.is_session
        and bookings.status = 'completed'
        and ledger.is_delivery
        and ledger.status in ('pending', 'available', 'paid')
        and slots.amount_cents - slots.prepaid_cents - slots.refunded_cents is distinct from ledger.gross_amount_cents

    union all

    select format('R11 order %s of %s sessions was given %s drafts', orders.id, orders.package_metadata -> 'total_sessions', count(*))
    from orders
    inner join bookings on orders.id = bookings.order_id
    where bookings.status = 'draft'
    group by orders.id, orders.package_metadata
    having count(*) > (orders.package_metadata ->> 'total_sessions')::integer

    union all

    select format('R15 booking %s has no order', bookings.id)
    from bookings
    where bookings.order_id is null

    union all

    select format('R21 payout %s says %s cents, its rows %s', payouts.id, payouts.credits_payout_cents, sum(paid.net_amount_cents))
    from public.payments_practitionerpayout as payouts
    left join ledger as paid on payouts.id = paid.payout_id and paid.status = 'paid'
    where payouts.practitioner_id = offenders.practitioner_id
        and payouts.status not in ('failed', 'canceled', 'cancelled')
    group by payouts.id
    having payouts.credits_payout_cents is distinct from sum(paid.net_amount_cents)

    union all

    select format('R21 earnings %s are %s by payout %s, which is %s', ledger.id, ledger.status, ledger.payout_id, coalesce(payouts.status, 'none'))
    from ledger
    left join public.payments_practitionerpayout as payouts on ledger.payout_id = payouts.id
    where (ledger.status = 'paid' and coalesce(payouts.status, 'failed') in ('failed', 'canceled', 'cancelled'))
        or (ledger.status in ('projected', 'pending', 'available') and ledger.payout_id is not null);
$$;
