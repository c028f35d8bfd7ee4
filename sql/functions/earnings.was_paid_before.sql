-- earnings.was_paid_before(booking_id)
--
-- True when a booking that this one was rescheduled from, however often, is paid and not
-- clawed back: the delivery must not earn a second time (R13).  A row whose payout has
-- failed stays with its booking, and counts as well.
--
-- Reads     public.bookings_booking, payments_earningstransaction

create or replace function earnings.was_paid_before(booking_id bigint)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from earnings.rescheduled_from(was_paid_before.booking_id) as earlier (id)
        inner join public.payments_earningstransaction as paid on earlier.id = paid.booking_id
        where paid.status = 'paid'
            or (paid.transaction_type = 'clawback' and paid.status <> 'reversed')
            or (paid.status in ('pending', 'available') and earnings.is_delivery(paid.transaction_type))
        group by earlier.id
        having sum(paid.net_amount_cents) > 0
    );
$$;

comment on function earnings.was_paid_before(bigint)
is 'True when a booking that this one was rescheduled from is paid and not clawed back (R13).';
