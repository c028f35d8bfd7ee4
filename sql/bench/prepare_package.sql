-- The package sessions that can be completed, an order's in the order of their slots, and what by
-- hand is written for each: the terms with the first of an order, the slot, the amounts.
create schema bench;

create table bench.work as
with

open_sessions as (

    select
        bookings.id as booking_id,
        bookings.order_id,
        bookings.practitioner_id,
        orders.currency,
        orders.subtotal_amount_cents as price_cents,
        (orders.package_metadata ->> 'total_sessions')::integer as session_count,
        services.name as service_name,
        earnings.commission_rate(bookings.practitioner_id, bookings.service_id, now()) as commission_rate,
        row_number() over (partition by bookings.order_id order by bookings.id) as session_number
    from public.bookings_booking as bookings
    inner join public.payments_order as orders on bookings.order_id = orders.id
    inner join public.services_service as services on bookings.service_id = services.id
    where bookings.status in ('confirmed', 'scheduled', 'draft')
        and orders.order_type = 'package'
        and orders.status = 'completed'
        and bookings.rescheduled_from_id is null
        and not bookings.is_package_purchase
        and not bookings.is_bundle_purchase
        and not exists (
            select
            from public.bookings_booking as others
            inner join public.payments_earningstransaction as entries on others.id = entries.booking_id
            where others.order_id = bookings.order_id and entries.status <> 'reversed'
        )
        and not exists (
            select
            from public.bookings_booking as others
            where others.order_id = bookings.order_id
                and others.status in ('completed', 'canceled', 'no_show', 'rescheduled')
        )
        and not exists (
            select
            from public.payments_usercredittransaction as refunds
            where refunds.order_id = bookings.order_id and refunds.transaction_type = 'refund'
        )

),

priced as (

    select
        open_sessions.*,
        earnings.slot_amount(
            open_sessions.price_cents, open_sessions.session_count, open_sessions.session_number::integer
        ) as amount_cents
    from open_sessions
    where open_sessions.session_number <= open_sessions.session_count

)

select
    row_number() over (order by priced.session_number, md5(priced.order_id::text)) - 1 as place,
    priced.*,
    earnings.commission_cents(priced.commission_rate, priced.amount_cents) as commission_cents
from priced;

alter table bench.work add primary key (place);

analyze bench.work
