-- Everything that a delivered booking is owed (R4 to R7): completed_at, the frozen terms and
-- the slot of a package session, its amount net of a paid purchase, the hold, and the row
-- itself where it is missing.  The delivered sessions of one order are dealt with together,
-- in the batch in which the first of them falls.

with recursive

in_batch as (

    select
        bookings.id,
        bookings.order_id
    from bookings_booking as bookings
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and bookings.status = 'completed'
        and not (bookings.is_package_purchase or bookings.is_bundle_purchase)

),

-- The test of session_count is not a condition here: the planner would take it for one that
-- hardly an order meets, and pair sessions with slots one by one.
package_orders as (

    select
        orders.id,
        orders.currency,
        orders.subtotal_amount_cents,
        orders.package_metadata -> 'session_value_cents' as session_value_cents,
        case
            when jsonb_typeof(orders.package_metadata -> 'total_sessions') = 'number'
                and (orders.package_metadata ->> 'total_sessions')::numeric >= 1
                then (orders.package_metadata ->> 'total_sessions')::integer
        end as session_count
    from payments_order as orders
    where orders.id in (select in_batch.order_id from in_batch)
        and orders.order_type in ('package', 'bundle')

),

prepaid as (

    select
        purchase_bookings.order_id,
        sum(entries.gross_amount_cents)::integer as prepaid_cents,
        min(entries.practitioner_id) as practitioner_id
    from purchase_bookings
    inner join payments_earningstransaction as entries on purchase_bookings.booking_id = entries.booking_id
    where purchase_bookings.order_id in (select package_orders.id from package_orders)
        and entries.status = 'paid'
        and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    group by purchase_bookings.order_id

),

terms as (

    select
        package_orders.id as order_id,
        coalesce(
            frozen.price_cents,
            case
                when package_orders.subtotal_amount_cents = 0
                    and jsonb_typeof(package_orders.session_value_cents) = 'number'
                    then package_orders.session_value_cents::integer * package_orders.session_count
                else package_orders.subtotal_amount_cents
            end
        ) as price_cents,
        coalesce(frozen.session_count, package_orders.session_count) as session_count,
        package_orders.currency,
        coalesce(frozen.prepaid_cents, prepaid.prepaid_cents, 0) as prepaid_cents,
        case
            when frozen.order_id is null then prepaid.practitioner_id
            else frozen.prepaid_practitioner_id
        end as prepaid_practitioner_id,
        frozen.order_id is not null as is_frozen
    from package_orders
    left join package_terms as frozen on package_orders.id = frozen.order_id
    left join prepaid on package_orders.id = prepaid.order_id
    where package_orders.session_count is not null

),

sessions as (

    select bookings.id
    from terms
    inner join bookings_booking as bookings on terms.order_id = bookings.order_id
    where bookings.status = 'completed'
        and not (bookings.is_package_purchase or bookings.is_bundle_purchase)

),

delivered as (

    select
        bookings.id,
        bookings.order_id,
        bookings.practitioner_id,
        bookings.service_id,
        bookings.parent_booking_id,
        bookings.rescheduled_from_id,
        bookings.price_charged_cents,
        bookings.payment_status,
        bookings.completed_at,
        coalesce(
            bookings.completed_at,
            bookings.actual_end_time,
            earnings.appointment_end(bookings.service_id, bookings.service_session_id, bookings.end_time),
            now()
        ) as delivered_at,
        delivery_earnings.row_count,
        delivery_earnings.live_id
    from bookings_booking as bookings
    cross join
        lateral (
            select
                count(*) as row_count,
                min(entries.id) filter (where entries.status <> 'reversed') as live_id
            from payments_earningstransaction as entries
            where entries.booking_id = bookings.id
                and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
        ) as delivery_earnings
    where bookings.id in (
            select in_batch.id
            from in_batch

            union

            select sessions.id
            from sessions
        )

),

-- What was rescheduled counts nowhere, whatever became of it since (R13).
earning as (

    select *
    from delivered
    where not exists (
            select from bookings_booking as later where later.rescheduled_from_id = delivered.id
        )

),

predecessors as (

    select
        earning.id as booking_id,
        earning.rescheduled_from_id as predecessor_id,
        0 as depth
    from earning
    where earning.rescheduled_from_id is not null

    union all

    select
        predecessors.booking_id,
        bookings.rescheduled_from_id as predecessor_id,
        predecessors.depth + 1 as depth
    from predecessors
    inner join bookings_booking as bookings on predecessors.predecessor_id = bookings.id
    where bookings.rescheduled_from_id is not null and predecessors.depth < 100

),

paid_behind as (

    select
        predecessors.booking_id,
        jsonb_agg(entries.id order by entries.id) as earnings_ids
    from predecessors
    inner join payments_earningstransaction as entries on predecessors.predecessor_id = entries.booking_id
    where entries.status = 'paid'
        and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    group by predecessors.booking_id

),

waiting as (

    select
        earning.id as booking_id,
        earning.order_id,
        earning.practitioner_id,
        earning.live_id,
        row_number() over (
            partition by earning.order_id order by earning.delivered_at, earning.id
        ) as place
    from earning
    inner join terms on earning.order_id = terms.order_id
    where not exists (
            select from session_slots where session_slots.booking_id = earning.id
        )

),

free_slots as (

    select
        terms.*,
        numbers.slot_number,
        row_number() over (partition by terms.order_id order by numbers.slot_number) as place
    from terms
    cross join lateral generate_series(1, terms.session_count) as numbers (slot_number)
    where not exists (
            select
            from session_slots
            where session_slots.order_id = terms.order_id
                and session_slots.slot_number = numbers.slot_number
        )

),

slots_taken as (

    select
        waiting.booking_id,
        waiting.order_id,
        free_slots.slot_number,
        earnings.slot_amount(free_slots.price_cents, free_slots.session_count, free_slots.slot_number) as amount_cents,
        coalesce(waiting.practitioner_id = free_slots.prepaid_practitioner_id, false)
        and coalesce(live.status, 'pending') in ('projected', 'pending') as can_be_netted,
        free_slots.prepaid_cents - (
            select coalesce(sum(session_slots.prepaid_cents), 0)::integer
            from session_slots
            where session_slots.order_id = waiting.order_id
        ) as prepaid_left_cents
    from waiting
    inner join free_slots on waiting.order_id = free_slots.order_id and waiting.place = free_slots.place
    left join payments_earningstransaction as live on waiting.live_id = live.id

),

slots_netted as (

    select
        *,
        case
            when can_be_netted
                then greatest(
                        0,
                        least(
                            amount_cents,
                            prepaid_left_cents - coalesce(
                                sum(amount_cents) filter (where can_be_netted) over (
                                    partition by order_id
                                    order by slot_number
                                    rows between unbounded preceding and 1 preceding
                                ),
                                0
                            )
                        )
                    )
            else 0
        end as prepaid_cents
    from slots_taken

),

slots as (

    select
        booking_id,
        order_id,
        slot_number,
        amount_cents,
        prepaid_cents::integer as prepaid_cents,
        0 as refunded_cents,
        true as is_new
    from slots_netted

    union all

    select
        session_slots.booking_id,
        session_slots.order_id,
        session_slots.slot_number,
        session_slots.amount_cents,
        session_slots.prepaid_cents,
        session_slots.refunded_cents,
        false as is_new
    from session_slots
    where session_slots.booking_id in (select earning.id from earning)

),

direct_orders_shared as (

    select
        bookings.order_id,
        count(*) as delivered_count,
        min(bookings.id) as first_id,
        min(entries.booking_id) as earning_id
    from bookings_booking as bookings
    inner join payments_order as orders on bookings.order_id = orders.id
    left join payments_earningstransaction as entries
        on bookings.id = entries.booking_id
            and entries.status <> 'reversed'
            and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    where bookings.order_id in (select in_batch.order_id from in_batch)
        and bookings.status = 'completed'
        and orders.order_type not in ('package', 'bundle')
        and not exists (
            select from bookings_booking as later where later.rescheduled_from_id = bookings.id
        )
    group by bookings.order_id
    having count(distinct bookings.id) > 1

),

judged as (

    select
        earning.*,
        orders.currency as order_currency,
        coalesce(orders.order_type in ('package', 'bundle'), false) as is_session,
        coalesce(orders.order_type in ('package', 'bundle'), false) and slots.booking_id is null
        or coalesce(direct_orders_shared.earning_id, direct_orders_shared.first_id, earning.id) <> earning.id
            as is_without_slot,
        terms.order_id is null and coalesce(orders.order_type in ('package', 'bundle'), false) as is_without_terms,
        slots.amount_cents as slot_amount_cents,
        slots.amount_cents - slots.prepaid_cents - slots.refunded_cents as slot_earning_cents,
        coalesce(slots.prepaid_cents > 0 and slots.prepaid_cents = slots.amount_cents, false) as is_netted,
        earning.payment_status = 'refunded'
        or coalesce(
            orders.status = 'refunded' and orders.order_type not in ('package', 'bundle'), false
        ) as is_refunded,
        live.status as live_status,
        live.currency as live_currency,
        live.available_after as live_available_after,
        live.commission_rate as live_commission_rate,
        live.gross_amount_cents as live_gross_amount_cents,
        live.commission_amount_cents as live_commission_amount_cents,
        live.net_amount_cents as live_net_amount_cents,
        live.practitioner_id as live_practitioner_id
    from earning
    left join payments_order as orders on earning.order_id = orders.id
    left join terms on earning.order_id = terms.order_id
    left join slots on earning.id = slots.booking_id
    left join direct_orders_shared on earning.order_id = direct_orders_shared.order_id
    left join payments_earningstransaction as live on earning.live_id = live.id

),

moved as (

    select
        *,
        case
            when is_without_slot then 'no_free_slot'
            when is_netted then 'netted_by_purchase'
            when live_status = 'available' then 'amount_of_the_slot'
            when live_status = 'projected' then 'delivered'
            else 'hold_from_delivery'
        end as reason,
        case
            when is_without_slot or is_netted then 'reversed'
            when live_status = 'available' then 'available'
            else 'pending'
        end as new_status,
        case
            when live_status = 'available' then live_available_after
            else delivered_at + earnings.setting('hold')::interval
        end as new_available_after,
        case
            when is_session and not is_without_slot and not is_netted then slot_earning_cents
            else live_gross_amount_cents
        end as new_gross_amount_cents
    from judged
    where not (is_session and is_without_terms)
        and (
            live_status in ('projected', 'pending')
            -- the app's task offers the price of the booking, which of a package session is 0
            or (
                live_status = 'available'
                and is_session
                and not is_without_slot
                and not is_netted
                and live_gross_amount_cents = 0
            )
        )

),

moved_with_amounts as (

    select
        *,
        case
            when new_gross_amount_cents = live_gross_amount_cents then live_commission_amount_cents
            else earnings.commission_cents(live_commission_rate, new_gross_amount_cents)
        end as new_commission_amount_cents
    from moved

),

created as (

    select
        judged.*,
        services.name as service_name,
        case when judged.is_netted or judged.is_refunded then 'reversed' else 'pending' end as new_status,
        case
            when judged.is_netted then 'netted_by_purchase'
            when judged.is_refunded then 'refunded_without_earnings'
            else 'earnings_were_missing'
        end as reason,
        earnings.commission_rate(judged.practitioner_id, judged.service_id, judged.delivered_at) as commission_rate,
        coalesce(judged.order_currency, earnings.setting('currency')) as currency,
        case
            when judged.is_session and judged.is_netted then judged.slot_amount_cents
            when judged.is_session then judged.slot_earning_cents
            else judged.price_charged_cents
        end as gross_amount_cents
    from judged
    inner join services_service as services on judged.service_id = services.id
    where judged.row_count = 0
        and judged.id not in (select paid_behind.booking_id from paid_behind)
        and not judged.is_without_slot
        and (judged.order_id is not null or judged.parent_booking_id is null)

),

created_with_amounts as (

    select
        *,
        earnings.commission_cents(commission_rate, gross_amount_cents) as commission_amount_cents
    from created

),

matters as (

    select
        *,
        case when is_without_terms then order_id else id end as subject_id,
        case
            when is_without_terms then 'package_without_sessions'
            when is_session then 'session_without_slot'
            else 'order_earns_already'
        end as kind
    from judged
    where is_without_slot

),

exceptions_found as (

    select
        subject_id,
        kind,
        min(practitioner_id) as practitioner_id,
        jsonb_build_object('order_id', min(order_id), 'booking_ids', jsonb_agg(id order by id)) as detail
    from matters
    group by subject_id, kind

    union all

    select
        judged.id as subject_id,
        'reschedule_already_paid' as kind,
        judged.practitioner_id,
        jsonb_build_object('earnings_ids', paid_behind.earnings_ids) as detail
    from judged
    inner join paid_behind on judged.id = paid_behind.booking_id
    where judged.row_count = 0 and not judged.is_without_slot

)

select
    'bookings_booking' as table_name,
    id as row_id,
    'update' as operation,
    'completed_at_was_empty' as reason,
    practitioner_id,
    null as currency,
    null::bigint as amount_cents,
    jsonb_build_object('completed_at', null) as before,
    jsonb_build_object('completed_at', delivered_at) as after
from delivered
where completed_at is null

union all

select
    'package_terms' as table_name,
    terms.order_id as row_id,
    'insert' as operation,
    'terms_frozen' as reason,
    terms.prepaid_practitioner_id as practitioner_id,
    null as currency,
    null as amount_cents,
    null as before,
    jsonb_build_object(
        'order_id', terms.order_id,
        'price_cents', terms.price_cents,
        'session_count', terms.session_count,
        'currency', terms.currency,
        'prepaid_cents', terms.prepaid_cents,
        'prepaid_practitioner_id', terms.prepaid_practitioner_id
    ) as after
from terms
where not terms.is_frozen

union all

select
    'session_slots' as table_name,
    booking_id as row_id,
    'insert' as operation,
    'slot_taken' as reason,
    null as practitioner_id,
    null as currency,
    null as amount_cents,
    null as before,
    jsonb_build_object(
        'order_id', order_id,
        'slot_number', slot_number,
        'booking_id', booking_id,
        'amount_cents', amount_cents,
        'prepaid_cents', prepaid_cents
    ) as after
from slots
where is_new

union all

select
    'payments_earningstransaction' as table_name,
    live_id as row_id,
    'update' as operation,
    reason,
    live_practitioner_id as practitioner_id,
    live_currency as currency,
    live_net_amount_cents as amount_cents,
    jsonb_build_object(
        'status', live_status,
        'available_after', live_available_after,
        'gross_amount_cents', live_gross_amount_cents,
        'commission_amount_cents', live_commission_amount_cents,
        'net_amount_cents', live_net_amount_cents
    ) as before,
    jsonb_build_object(
        'status', new_status,
        'available_after', case new_status when 'pending' then new_available_after else live_available_after end,
        'gross_amount_cents', new_gross_amount_cents,
        'commission_amount_cents', new_commission_amount_cents,
        'net_amount_cents', case
            when new_gross_amount_cents = live_gross_amount_cents then live_net_amount_cents
            else new_gross_amount_cents - new_commission_amount_cents
        end
    ) as after
from moved_with_amounts
where new_status <> live_status
    or new_available_after <> live_available_after
    or new_gross_amount_cents <> live_gross_amount_cents

union all

select
    'payments_earningstransaction' as table_name,
    null as row_id,
    'insert' as operation,
    reason,
    practitioner_id,
    currency,
    gross_amount_cents - commission_amount_cents as amount_cents,
    null as before,
    jsonb_build_object(
        'created_at', now(),
        'updated_at', now(),
        'gross_amount_cents', gross_amount_cents,
        'commission_rate', commission_rate,
        'commission_amount_cents', commission_amount_cents,
        'net_amount_cents', gross_amount_cents - commission_amount_cents,
        'status', new_status,
        'available_after', delivered_at + earnings.setting('hold')::interval,
        'currency', currency,
        'description', case reason
            when 'netted_by_purchase' then 'Netted by the paid purchase: ' || service_name
            else 'Earnings for ' || service_name
        end,
        'transaction_type', 'booking_completion',
        'external_fees', '{}'::jsonb,
        'metadata', jsonb_build_object('migrated', true, 'reason', reason),
        'booking_id', id,
        'practitioner_id', practitioner_id,
        'payout_id', null
    ) as after
from created_with_amounts

union all

select
    'exceptions' as table_name,
    exceptions_found.subject_id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    exceptions_found.practitioner_id,
    null as currency,
    null as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', exceptions_found.subject_id,
        'detail', exceptions_found.detail,
        'proposed_action', kinds.proposed_action
    ) as after
from exceptions_found
inner join exception_kinds as kinds on exceptions_found.kind = kinds.kind
where not exists (
        select
        from exceptions
        where exceptions.subject_id = exceptions_found.subject_id
            and exceptions.kind = exceptions_found.kind
            and exceptions.subject = kinds.subject
            and exceptions.resolved_at is null
    )
