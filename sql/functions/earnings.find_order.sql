-- earnings.find_order(booking)
--
-- The order that a booking fulfils (R15), the first that is found: the order of the
-- booking it was rescheduled from; its parent's; the order inserted in this transaction
-- for its client and service; the one unclaimed order of its client and service within
-- ten minutes.  Null when there is none or more than one; failed orders are left out.
--
-- Reads     public.bookings_booking, payments_order; the transaction-local setting
--           earnings.orders_of_transaction
-- Writes    earnings.exceptions

create or replace function earnings.find_order(booking public.bookings_booking)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_order_id bigint;
    v_order_ids bigint[];
    v_has_failed boolean;
begin
    select earlier.order_id
    into v_order_id
    from public.bookings_booking as earlier
    where earlier.id in (booking.rescheduled_from_id, (to_jsonb(booking) ->> 'parent_booking_id')::bigint)
        and earlier.order_id is not null
    order by earlier.id is distinct from booking.rescheduled_from_id
    limit 1;

    if v_order_id is null then
        -- anybody may have set it to anything, so it is held against the order itself
        select orders.id
        into v_order_id
        from public.payments_order as orders
        where orders.user_id = booking.user_id
            and orders.service_id = booking.service_id
            and orders.id = substring(
                current_setting('earnings.orders_of_transaction', true)
                from format('(?:^|,)%s/%s=([0-9]{1,18})(?:,|$)', booking.user_id, booking.service_id)
            )::bigint;
    end if;

    if v_order_id is null
        and booking.rescheduled_from_id is null
        and to_jsonb(booking) ->> 'parent_booking_id' is null
    then
        select
            array_agg(orders.id) filter (where orders.status <> 'failed'),
            coalesce(bool_or(orders.status = 'failed'), false)
        into v_order_ids, v_has_failed
        from public.payments_order as orders
        where orders.user_id = booking.user_id
            and orders.service_id = booking.service_id
            and orders.created_at between booking.created_at - interval '10 minutes'
            and booking.created_at + interval '10 minutes'
            and not exists (
                select from public.bookings_booking as claims where claims.order_id = orders.id
            );

        if cardinality(v_order_ids) = 1 then
            v_order_id := v_order_ids[1];
        elsif cardinality(v_order_ids) > 1 then
            perform earnings.raise_exception_row(
                'ambiguous_order_link', 'booking', booking.id, jsonb_build_object('order_ids', v_order_ids)
            );
        elsif v_has_failed then
            perform earnings.raise_exception_row('failed_order_only', 'booking', booking.id);
        end if;
    end if;

    return v_order_id;
end
$$;

comment on function earnings.find_order(public.bookings_booking)
is 'The order that a booking fulfils; null when there is none or more than one (R15).';
