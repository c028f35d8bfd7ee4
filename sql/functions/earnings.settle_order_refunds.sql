-- earnings.settle_order_refunds(order_ids)
--
-- Follows the refund of a package as a whole (R9).  Its free slots are used up from the
-- highest when a session asks for one (earnings.assign_slots).  Here: once all of them are,
-- what its sessions still project is reversed; what exceeds them is an exception and is
-- never taken from delivered sessions; a refund without an amount is one too.
-- The caller holds the orders' row locks.
--
-- Locks     earnings by id, skipping what others hold
-- Reads     public.payments_order, payments_usercredittransaction, bookings_booking,
--           earnings.package_terms, session_slots
-- Writes    public.payments_earningstransaction, earnings.settlement_queue, exceptions

create or replace function earnings.settle_order_refunds(order_ids bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_refund record;
    v_locked_ids bigint[];
begin
    for v_refund in
        select
            orders.id,
            orders.status,
            earnings.refunded_order_cents(orders) as refunded_cents,
            coalesce(terms.price_cents, earnings.package_price_cents(orders)) - used.amount_cents + used.refunded_cents
                as unused_cents
        from public.payments_order as orders
        left join earnings.package_terms as terms on orders.id = terms.order_id
        cross join lateral (
            select
                coalesce(sum(slots.amount_cents), 0) as amount_cents,
                coalesce(sum(slots.refunded_cents), 0) as refunded_cents
            from earnings.session_slots as slots
            where slots.order_id = orders.id
        ) as used
        where orders.id = any (settle_order_refunds.order_ids)
            and orders.order_type in ('package', 'bundle')
        order by orders.id
    loop
        if v_refund.refunded_cents > v_refund.unused_cents then
            perform earnings.raise_exception_row(
                'refund_exceeds_unused_sessions',
                'order',
                v_refund.id,
                jsonb_build_object('refunded_cents', v_refund.refunded_cents, 'unused_cents', v_refund.unused_cents)
            );
        end if;

        if v_refund.refunded_cents > 0 and v_refund.refunded_cents >= v_refund.unused_cents then
            v_locked_ids := array(
                select projected.id
                from public.payments_earningstransaction as projected
                inner join public.bookings_booking as bookings on projected.booking_id = bookings.id
                where bookings.order_id = v_refund.id
                    and projected.status = 'projected'
                    and not earnings.is_delivered(bookings)
                order by projected.id
                for no key update of projected skip locked
            );

            update public.payments_earningstransaction as projected
            set status = 'reversed', updated_at = now()
            where projected.id = any (v_locked_ids);

            -- whoever holds the others may be waiting for the order
            insert into earnings.settlement_queue (booking_id)
            select projected.booking_id
            from public.payments_earningstransaction as projected
            inner join public.bookings_booking as bookings on projected.booking_id = bookings.id
            where bookings.order_id = v_refund.id
                and projected.status = 'projected'
                and not earnings.is_delivered(bookings)
            order by projected.booking_id;
        end if;

        if v_refund.status = 'partially_refunded' and v_refund.refunded_cents = 0 and not exists (
            select
            from public.bookings_booking as bookings
            inner join public.payments_usercredittransaction as refunds on bookings.id = refunds.booking_id
            where bookings.order_id = v_refund.id and refunds.transaction_type = 'refund'
        ) then
            perform earnings.raise_exception_row('refund_without_amount', 'order', v_refund.id);
        end if;
    end loop;
end
$$;

comment on function earnings.settle_order_refunds(bigint[])
is 'Follows the refund of a package as a whole: reverses what is projected, reports what exceeds it (R9).';
