-- earnings.earned_elsewhere(booking_ids)
--
-- One row per booking of these whose earnings are another's: of the one it was rescheduled
-- to (R13), or of another booking of its direct order, which sells one delivery (R7).  One that
-- was delivered keeps that place though its earnings were refunded or reversed since, until it is
-- canceled or its delivery is undone: else the refunded money would be earned again.
-- Asked of many at once: a call for each of a million would be a third of their completion.
-- `offset 0` has each question put to an index, booking by booking, whatever is known of the tables.
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
set enable_seqscan = off
set enable_bitmapscan = off
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
                offset 0
            )
            or (
                -- asked before its others are: each session of a package would be put beside each other one
                (
                    select orders.order_type not in ('package', 'bundle')
                    from public.payments_order as orders
                    where orders.id = bookings.order_id
                )
                and exists (
                    select
                    from public.bookings_booking as others
                    cross join lateral (
                        select rows_of.id, rows_of.status
                        from public.payments_earningstransaction as rows_of
                        where rows_of.booking_id = others.id and earnings.is_delivery(rows_of.transaction_type)
                        offset 0
                    ) as theirs
                    where others.order_id = bookings.order_id
                        and others.id <> bookings.id
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
                                    offset 0
                                )
                            )
                        )
                )
            )
        );
end
$$;

comment on function earnings.earned_elsewhere(bigint[])
is 'One row per booking of these whose earnings its successor has, or another booking of its direct order (R7, R13).';
