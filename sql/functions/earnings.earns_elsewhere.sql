-- earnings.earns_elsewhere(booking_id)
--
-- True when what a booking would earn is earned by another: by the one it was rescheduled
-- to (R13), or by another booking of its direct order, which sells one delivery (R7).  One that
-- was delivered keeps that place though its earnings were refunded or reversed since, until it is
-- canceled or its delivery is undone: else the refunded money would be earned again.
--
-- Reads     public.bookings_booking, payments_order, payments_earningstransaction,
--           earnings.transitions

create or replace function earnings.earns_elsewhere(booking_id bigint)
returns boolean
language sql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select earnings.is_superseded(earns_elsewhere.booking_id) or exists (
        select
        from public.bookings_booking as bookings
        inner join public.payments_order as orders on bookings.order_id = orders.id
        inner join public.bookings_booking as others
            on orders.id = others.order_id and bookings.id <> others.id
        inner join public.payments_earningstransaction as theirs on others.id = theirs.booking_id
        where bookings.id = earns_elsewhere.booking_id
            and orders.order_type not in ('package', 'bundle')
            and earnings.is_delivery(theirs.transaction_type)
            and (
                (theirs.status in ('pending', 'available', 'paid') and not earnings.has_clawback(others.id))
                or (
                    theirs.status <> 'projected'
                    and earnings.is_delivered(others)
                    and not earnings.is_superseded(others.id)
                    and exists (
                        select
                        from earnings.transitions as history
                        where history.earnings_id = theirs.id and history.to_status = 'pending'
                    )
                )
            )
    );
$$;

comment on function earnings.earns_elsewhere(bigint)
is 'True when what a booking would earn is earned by its successor or by its direct order''s other booking (R7, R13).';
