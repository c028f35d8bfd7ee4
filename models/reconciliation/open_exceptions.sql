-- One row per open matter that needs a person (R18): what it is, what is proposed, whom
-- it concerns, and how many cents are at stake.

with

exceptions as (

    select
        id as exception_id,
        kind,
        subject,
        subject_id,
        detail,
        proposed_action,
        first_seen_at,
        last_seen_at
    from {{ source('earnings', 'exceptions') }}
    where resolved_at is null

),

kinds as (

    select
        kind,
        meaning
    from {{ source('earnings', 'exception_kinds') }}

),

bookings as (

    select
        booking_id,
        order_id,
        practitioner_id,
        client_id
    from {{ ref('stg_marketplace__bookings') }}

),

orders as (

    select
        order_id,
        practitioner_id,
        client_id,
        currency,
        subtotal_cents
    from {{ ref('stg_marketplace__orders') }}

),

earnings as (

    select
        earnings_id,
        booking_id,
        practitioner_id,
        status,
        is_delivery,
        currency,
        net_cents
    from {{ ref('stg_marketplace__earnings') }}

),

payouts as (

    select
        payout_id,
        practitioner_id,
        currency,
        net_cents
    from {{ ref('stg_marketplace__payouts') }}

),

summed as (

    select
        booking_id,
        currency,
        bool_or(is_delivery) as has_delivery,
        sum(net_cents)::bigint as live_net_cents
    from earnings
    where status <> 'reversed'
    group by booking_id, currency

),

-- A booking has one currency here: that of its delivery row, else of its order.  What it earned
-- in others, such as a bonus, is not at stake.
booking_earnings as (

    select distinct on (summed.booking_id)
        summed.booking_id,
        summed.currency,
        summed.live_net_cents
    from summed
    left join bookings on summed.booking_id = bookings.booking_id
    left join orders on bookings.order_id = orders.order_id
    order by
        summed.booking_id asc,
        summed.has_delivery desc,
        coalesce(summed.currency = orders.currency, false) desc,
        summed.currency asc

),

located as (

    select
        exceptions.exception_id,
        exceptions.kind,
        kinds.meaning,
        exceptions.proposed_action,
        exceptions.subject,
        exceptions.subject_id,
        case exceptions.subject
            when 'booking' then exceptions.subject_id
            when 'earnings' then earnings.booking_id
        end as booking_id,
        case exceptions.subject when 'order' then exceptions.subject_id end as order_id,
        case exceptions.subject
            when 'practitioner' then exceptions.subject_id
            when 'earnings' then earnings.practitioner_id
            when 'payout' then payouts.practitioner_id
        end as practitioner_id,
        case exceptions.subject when 'user' then exceptions.subject_id end as client_id,
        case
            when exceptions.detail ->> 'amount_cents' ~ '^-?[0-9]{1,15}$'
                then (exceptions.detail ->> 'amount_cents')::bigint
        end as stated_cents,
        earnings.net_cents as earnings_net_cents,
        payouts.net_cents as payout_net_cents,
        coalesce(earnings.currency, payouts.currency) as currency,
        exceptions.detail,
        exceptions.first_seen_at,
        exceptions.last_seen_at
    from exceptions
    left join kinds on exceptions.kind = kinds.kind
    left join earnings on exceptions.subject_id = earnings.earnings_id and exceptions.subject = 'earnings'
    left join payouts on exceptions.subject_id = payouts.payout_id and exceptions.subject = 'payout'

),

described as (

    select
        located.exception_id,
        located.kind,
        located.meaning,
        located.proposed_action,
        located.subject,
        located.subject_id,
        located.booking_id,
        coalesce(located.order_id, bookings.order_id) as order_id,
        coalesce(located.practitioner_id, bookings.practitioner_id, orders.practitioner_id) as practitioner_id,
        coalesce(located.client_id, bookings.client_id, orders.client_id) as client_id,
        coalesce(located.currency, booking_earnings.currency, orders.currency) as currency,
        case
            when located.stated_cents is not null then located.stated_cents
            when located.subject = 'earnings' then located.earnings_net_cents
            when located.subject = 'payout' then located.payout_net_cents
            when located.subject = 'booking' then booking_earnings.live_net_cents
            when located.subject = 'order' then orders.subtotal_cents
        end::bigint as at_stake_cents,
        located.detail,
        located.first_seen_at,
        located.last_seen_at
    from located
    left join bookings on located.booking_id = bookings.booking_id
    left join orders on coalesce(located.order_id, bookings.order_id) = orders.order_id
    left join booking_earnings
        on located.subject_id = booking_earnings.booking_id and located.subject = 'booking'

)

select * from described
