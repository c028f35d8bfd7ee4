-- earnings.resolve_delivered(subject_ids)
--
-- Closes what needed a person only because a booking was not delivered, or had no end,
-- once it is delivered (R18).  The subjects are bookings and earnings in one list; a number
-- may be met as the other's: what is closed then was delivered as well.
--
-- Reads     public.bookings_booking, payments_earningstransaction
-- Writes    earnings.exceptions

create or replace function earnings.resolve_delivered(subject_ids bigint[])
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $$
    update earnings.exceptions as open
    set resolved_at = clock_timestamp(), resolved_by = 'engine', resolution = 'the booking was delivered'
    -- by the index of what is open, which is little: most bookings need no look at themselves
    where open.subject_id = any (resolve_delivered.subject_ids)
        and open.resolved_at is null
        and case open.subject
            when 'booking' then open.kind in ('appointment_without_end', 'no_show_held')
            when 'earnings' then open.kind = 'paid_undelivered'
        end
        and exists (
            select
            from public.bookings_booking as bookings
            where bookings.status = 'completed'
                and bookings.id = case open.subject
                    when 'booking' then open.subject_id
                    else (
                        select rows_of.booking_id
                        from public.payments_earningstransaction as rows_of
                        where rows_of.id = open.subject_id
                    )
                end
            -- asked of each that is open: nothing may be known yet of the table of all that is completed
            offset 0
        );
$$;

comment on function earnings.resolve_delivered(bigint[])
is 'Closes what needed a person only because a booking was not delivered, once it is (R18).';
