-- earnings.earned_elsewhere(booking_ids)
--
-- One row per booking of these whose earnings are another's: of the one it was rescheduled
-- to (R13), or of another booking of its direct order, which sells one delivery (R7).  One that
-- was delivered keeps that place though its earnings were refunded or reversed since, until it is
-- canceled or its delivery is undone: else the refunded money would be earned again.
-- Asked of many at once: a call for each of a million would be a third of their completion.
--
-- Reads     public.bookings_booking, payments_order, payments_earningstransaction,
--           earnings.transitions

create or replace function earnings.earned_elsewhere(booking_ids bigint[])
returns setof bigint
language plpgsql
volatile
parallel safe
rows 1
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
begin
    return query
    select bookings.id
    from public.bookings_booking as bookings
    where bookings.id = any (earned_elsewhere.booking_ids)
        and (
            exists (
                select
                from public.bookings_booking as later
                where later.rescheduled_from_id = bookings.id
            )
            or exists (
                select
                from public.payments_order as orders
                inner join public.bookings_booking as others
                    on orders.id = others.order_id and bookings.id <> others.id
                inner join public.payments_earningstransaction as theirs on others.id = theirs.booking_id
                where orders.id = bookings.order_id
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
            )
        );
end
$$;

comment on function earnings.earned_elsewhere(bigint[])
is 'One row per booking of these whose earnings its successor has, or another booking of its direct order (R7, R13).';
