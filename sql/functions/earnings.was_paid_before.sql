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
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from earnings.rescheduled_from(was_paid_before.booking_id) as earlier (id)
        where exists (select from earnings.due_clawbacks(earlier.id)) or (
            exists (
                select
                from public.payments_earningstransaction as paid
                where paid.booking_id = earlier.id
                    and paid.status in ('pending', 'available', 'paid')
                    and earnings.is_delivery(paid.transaction_type)
            )
            and not earnings.has_clawback(earlier.id)
        )
    );
$$;

comment on function earnings.was_paid_before(bigint)
is 'True when a booking that this one was rescheduled from is paid and not clawed back (R13).';
