-- earnings.resolve_delivered(booking_ids)
--
-- Closes what needed a person only because a booking was not delivered, or had no end,
-- once it is delivered (R18).
--
-- Reads     public.bookings_booking, payments_earningstransaction
-- Writes    earnings.exceptions

create or replace function earnings.resolve_delivered(booking_ids bigint[])
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    update earnings.exceptions as open
    set resolved_at = clock_timestamp(), resolved_by = 'engine', resolution = 'the booking was delivered'
    from (
        select
            'booking' as subject,
            bookings.id as subject_id
        from public.bookings_booking as bookings
        where bookings.id = any (resolve_delivered.booking_ids) and bookings.status = 'completed'

        union all

        select
            'earnings',
            rows_of.id
        from public.bookings_booking as bookings
        inner join public.payments_earningstransaction as rows_of on bookings.id = rows_of.booking_id
        where bookings.id = any (resolve_delivered.booking_ids) and bookings.status = 'completed'
    ) as delivered
    -- subject by subject, so that no plan, however little it knows, compares all with all
    where open.subject_id = delivered.subject_id
        and open.subject = delivered.subject
        and open.resolved_at is null
        and case open.subject
            when 'earnings' then open.kind = 'paid_undelivered'
            else open.kind in ('appointment_without_end', 'no_show_held')
        end;
$$;

comment on function earnings.resolve_delivered(bigint[])
is 'Closes what needed a person only because a booking was not delivered, once it is (R18).';
