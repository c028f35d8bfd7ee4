-- earnings.last_successor(booking_id)
--
-- The booking that a booking was rescheduled to, at the end of the chain; itself when it
-- was not (R13).  Of two successors the newer counts.
--
-- Reads     public.bookings_booking

create or replace function earnings.last_successor(booking_id bigint)
returns bigint
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive

    chain as (

        select last_successor.booking_id as id, 0 as distance

        union all

        select later.id, chain.distance + 1
        from chain
        cross join lateral (
            select bookings.id
            from public.bookings_booking as bookings
            where bookings.rescheduled_from_id = chain.id
            order by bookings.id desc
            limit 1
        ) as later
        where chain.distance < 1000

    )

    select chain.id
    from chain
    order by chain.distance desc
    limit 1;
$$;

comment on function earnings.last_successor(bigint)
is 'The booking that a booking was rescheduled to, at the end of the chain; itself when it was not (R13).';
