-- earnings.rescheduled_from(booking_id)
--
-- One row per booking that this one was rescheduled from, however often (R13).
--
-- Reads     public.bookings_booking

create or replace function earnings.rescheduled_from(booking_id bigint)
returns setof bigint
language sql
stable
parallel safe
rows 1
set search_path = pg_catalog, pg_temp
as $$
    with recursive

    chain as (

        select bookings.rescheduled_from_id as id
        from public.bookings_booking as bookings
        where bookings.id = rescheduled_from.booking_id
            and bookings.rescheduled_from_id is not null

        union

        select earlier.rescheduled_from_id
        from chain
        inner join public.bookings_booking as earlier on chain.id = earlier.id
        where earlier.rescheduled_from_id is not null

    )

    select chain.id
    from chain;
$$;

comment on function earnings.rescheduled_from(bigint)
is 'One row per booking that this one was rescheduled from, however often (R13).';
