-- One row per earnings row that a rescheduled booking left behind (R13): it moves to the
-- last booking of the chain, or is reversed where that one earns or was paid already.
-- A booking that another was rescheduled from counts nowhere, whatever became of it since.

with recursive

descents as (

    select
        bookings.id as first_id,
        bookings.id as last_id,
        0 as depth
    from bookings_booking as bookings
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and exists (
            select from bookings_booking as later where later.rescheduled_from_id = bookings.id
        )

    union all

    select
        descents.first_id,
        successors.id as last_id,
        descents.depth + 1 as depth
    from descents
    cross join
        lateral (
            select later.id
            from bookings_booking as later
            where later.rescheduled_from_id = descents.last_id
            order by later.status in ('canceled', 'cancelled') asc, later.id desc
            limit 1
        ) as successors
    where descents.depth < 100

),

last_bookings as (

    select distinct on (first_id) last_id
    from descents
    order by first_id asc, depth desc

),

-- Upwards from the last booking, but only along the way down: of a booking that was rescheduled
-- twice, the earnings go to one of the two.
ascents as (

    select distinct
        last_id,
        last_id as member_id,
        0 as depth
    from last_bookings

    union all

    select
        ascents.last_id,
        members.rescheduled_from_id as member_id,
        ascents.depth + 1 as depth
    from ascents
    inner join bookings_booking as members on ascents.member_id = members.id
    cross join
        lateral (
            select later.id
            from bookings_booking as later
            where later.rescheduled_from_id = members.rescheduled_from_id
            order by later.status in ('canceled', 'cancelled') asc, later.id desc
            limit 1
        ) as chosen
    where chosen.id = members.id and ascents.depth < 100

),

chain_earnings as (

    select
        ascents.last_id,
        entries.*,
        entries.booking_id = ascents.last_id as is_ahead
    from ascents
    inner join bookings_booking as members on ascents.member_id = members.id
    inner join payments_earningstransaction as entries on members.id = entries.booking_id
    where ascents.last_id in (select chains.last_id from ascents as chains where chains.depth > 0)
        and (members.status not in ('canceled', 'cancelled') or members.id = ascents.last_id)
        and not (members.is_package_purchase or members.is_bundle_purchase)
        and entries.status <> 'reversed'
        and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
        -- what the engine has taken back meanwhile stays beside its clawback
        and not earnings.is_clawed_back(entries)

),

chains_judged as (

    select
        *,
        bool_or(status = 'paid' and not is_ahead) over (partition by last_id) as is_paid_behind,
        bool_or(is_ahead) over (partition by last_id) as is_earning_ahead,
        row_number() over (
            partition by last_id, is_ahead
            order by array_position(array['available', 'pending', 'projected'], status::text) nulls last, id
        ) as place
    from chain_earnings

),

changed as (

    select
        chains_judged.*,
        case
            when chains_judged.is_paid_behind then 'rescheduled_after_payment'
            when chains_judged.is_earning_ahead then 'successor_earns_already'
            when chains_judged.place > 1 then 'duplicate_in_chain'
            else 'moved_to_successor'
        end as reason,
        case
            when chains_judged.is_paid_behind or chains_judged.is_earning_ahead or chains_judged.place > 1
                then 'reversed'
            else 'projected'
        end as new_status,
        coalesce(
            earnings.appointment_end(successors.service_id, successors.service_session_id, successors.end_time),
            chains_judged.created_at
        ) + earnings.setting('hold')::interval as new_available_after
    from chains_judged
    inner join bookings_booking as successors on chains_judged.last_id = successors.id
    where chains_judged.status <> 'paid'
        and (not chains_judged.is_ahead or chains_judged.is_paid_behind)

)

select
    'payments_earningstransaction' as table_name,
    id as row_id,
    'update' as operation,
    reason,
    practitioner_id,
    currency,
    net_amount_cents::bigint as amount_cents,
    case new_status
        when 'reversed' then jsonb_build_object('status', status, 'net_amount_cents', net_amount_cents)
        else jsonb_build_object(
                'status', status,
                'net_amount_cents', net_amount_cents,
                'booking_id', booking_id,
                'available_after', available_after
            )
    end as before,
    case new_status
        when 'reversed' then jsonb_build_object('status', new_status, 'net_amount_cents', net_amount_cents)
        else jsonb_build_object(
                'status', new_status,
                'net_amount_cents', net_amount_cents,
                'booking_id', last_id,
                'available_after', new_available_after
            )
    end as after
from changed

union all

select
    'exceptions' as table_name,
    paid.last_id as row_id,
    'insert' as operation,
    kinds.kind as reason,
    paid.practitioner_id,
    paid.currency,
    paid.net_amount_cents as amount_cents,
    null as before,
    jsonb_build_object(
        'kind', kinds.kind,
        'subject', kinds.subject,
        'subject_id', paid.last_id,
        'detail', jsonb_build_object('earnings_ids', paid.earnings_ids),
        'proposed_action', kinds.proposed_action
    ) as after
from (
    select
        last_id,
        min(practitioner_id) as practitioner_id,
        min(currency) as currency,
        sum(net_amount_cents) as net_amount_cents,
        jsonb_agg(id order by id) as earnings_ids
    from chains_judged
    where status = 'paid' and not is_ahead
    group by last_id
) as paid
inner join exception_kinds as kinds on kinds.kind = 'reschedule_already_paid'
where not exists (
        select
        from exceptions
        where exceptions.subject_id = paid.last_id
            and exceptions.kind = 'reschedule_already_paid'
            and exceptions.subject = 'booking'
            and exceptions.resolved_at is null
    )
