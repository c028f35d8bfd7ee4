-- earnings.was_paid_before(booking_id)
--
-- True when a booking that this one was rescheduled from, however often, is paid and not
-- clawed back: the delivery must not earn a second time (R13).
--
-- Reads     public.bookings_booking, payments_earningstransaction

create or replace function earnings.was_paid_before(booking_id bigint)
returns boolean
language sql
stable
set search_path = ''
as $$
    with recursive

    chain as (

        select bookings.rescheduled_from_id as id
        from public.bookings_booking as bookings
        where bookings.id = was_paid_before.booking_id
            and bookings.rescheduled_from_id is not null

        union

        select earlier.rescheduled_from_id
        from chain
        inner join public.bookings_booking as earlier on chain.id = earlier.id
        where earlier.rescheduled_from_id is not null

    )

    select exists (
        select
        from chain
        inner join public.payments_earningstransaction as paid on chain.id = paid.booking_id
        where paid.status = 'paid' or (paid.transaction_type = 'clawback' and paid.status <> 'reversed')
        group by chain.id
        having sum(paid.net_amount_cents) > 0
    );
$$;

comment on function earnings.was_paid_before(bigint)
is 'True when a booking that this one was rescheduled from is paid and not clawed back (R13).';
