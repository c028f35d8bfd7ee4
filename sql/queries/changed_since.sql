-- The ids of what has changed in the last while ($1), by kind: what has a new entry in the history or a
-- new credit row, payouts that were written, and what hangs together with these: all bookings of an order,
-- those of a reschedule, and their earnings; the earnings of a payout.
-- Ids are put together into arrays, so that every table is asked by its index, whatever its size.

with

entries as materialized (

    select
        earnings_id,
        booking_id,
        practitioner_id,
        payout_id
    from earnings.transitions
    where stamped_at >= statement_timestamp() - $1::interval

),

credits as materialized (

    select
        booking_id,
        order_id
    from public.payments_usercredittransaction
    where
        transaction_type in ('usage', 'refund')
        and created_at >= statement_timestamp() - $1::interval

),

payouts as materialized (

    select id as payout_id
    from public.payments_practitionerpayout
    where updated_at >= statement_timestamp() - $1::interval

    union

    select payout_id
    from entries
    where payout_id is not null

),

touched as materialized (

    select booking_id
    from entries

    union

    select booking_id
    from credits
    where booking_id is not null

),

orders as materialized (

    select bookings.order_id
    from public.bookings_booking as bookings
    where
        bookings.id = any(array(select touched.booking_id from touched))
        and bookings.order_id is not null

    union

    select credits.order_id
    from credits
    where credits.order_id is not null

),

related as materialized (

    select booking_id
    from touched

    union

    select bookings.id
    from public.bookings_booking as bookings
    where bookings.order_id = any(array(select orders.order_id from orders))

    union

    select bookings.id
    from public.bookings_booking as bookings
    where bookings.rescheduled_from_id = any(array(select touched.booking_id from touched))

    union

    select bookings.rescheduled_from_id
    from public.bookings_booking as bookings
    where
        bookings.id = any(array(select touched.booking_id from touched))
        and bookings.rescheduled_from_id is not null

),

changed as materialized (

    select earnings_id
    from entries

    union

    select earned.id
    from public.payments_earningstransaction as earned
    where earned.booking_id = any(array(select related.booking_id from related))

    union

    select earned.id
    from public.payments_earningstransaction as earned
    where earned.payout_id = any(array(select payouts.payout_id from payouts))

)

select
    'bookings' as kind,
    array(select booking_id from related) as ids

union all

select
    'earnings' as kind,
    array(select earnings_id from changed) as ids

union all

select
    'orders' as kind,
    array(select order_id from orders) as ids

union all

select
    'payouts' as kind,
    array(select payout_id from payouts) as ids

union all

select
    'practitioners' as kind,
    array(select distinct practitioner_id from entries) as ids
