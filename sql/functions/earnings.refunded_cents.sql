-- earnings.refunded_cents(booking)
--
-- R of R9: what refund credit rows have given back for a booking, in cents: its own, those
-- of the bookings it was rescheduled from and, for a direct order, those of the order.
--
-- Reads     public.payments_usercredittransaction, payments_order, bookings_booking

create or replace function earnings.refunded_cents(booking public.bookings_booking)
returns bigint
language sql
stable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(sum(refunds.amount_cents), 0)::bigint
    from (
        select own.id, own.amount_cents
        from public.payments_usercredittransaction as own
        where own.booking_id = booking.id
            and own.transaction_type || '' = 'refund'
            and own.amount_cents > 0

        union

        select earlier.id, earlier.amount_cents
        from public.payments_usercredittransaction as earlier
        where booking.rescheduled_from_id is not null
            and earlier.booking_id in (select earnings.rescheduled_from(booking.id))
            and earlier.transaction_type || '' = 'refund'
            and earlier.amount_cents > 0

        union

        select whole.id, whole.amount_cents
        from public.payments_order as orders
        inner join public.payments_usercredittransaction as whole on orders.id = whole.order_id
        where orders.id = booking.order_id
            and orders.order_type not in ('package', 'bundle')
            and whole.booking_id + 0 is null
            and whole.transaction_type || '' = 'refund'
            and whole.amount_cents > 0
    ) as refunds;
$$;

comment on function earnings.refunded_cents(public.bookings_booking)
is 'What refund credit rows have given back for a booking, in cents (R9).';
