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
    from public.bookings_booking as bookings
    left join public.payments_earningstransaction as rows_of on bookings.id = rows_of.booking_id
    where bookings.id = any (resolve_delivered.booking_ids)
        and bookings.status = 'completed'
        and open.resolved_at is null
        and (
            (open.kind = 'paid_undelivered' and open.subject = 'earnings' and open.subject_id = rows_of.id)
            or (
                open.kind in ('appointment_without_end', 'no_show_held')
                and open.subject = 'booking'
                and open.subject_id = bookings.id
            )
        );
$$;

comment on function earnings.resolve_delivered(bigint[])
is 'Closes what needed a person only because a booking was not delivered, once it is (R18).';
