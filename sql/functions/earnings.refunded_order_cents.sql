-- earnings.refunded_order_cents(package_order)
--
-- What refunds have given back for a package as a whole, in cents: the refund credit rows
-- of the order without a booking and of its canceled sessions; the whole price once the
-- order is refunded (R9).
--
-- Reads     public.payments_usercredittransaction, bookings_booking, earnings.package_terms

create or replace function earnings.refunded_order_cents(package_order public.payments_order)
returns bigint
language sql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select greatest(
        coalesce(sum(refunds.amount_cents), 0)::bigint,
        case
            when package_order.status = 'refunded' then coalesce(
                (select terms.price_cents from earnings.package_terms as terms where terms.order_id = package_order.id),
                earnings.package_price_cents(package_order)
            )
        end
    )
    from (
        select whole.amount_cents
        from public.payments_usercredittransaction as whole
        where whole.order_id = package_order.id
            and whole.booking_id + 0 is null
            and whole.transaction_type || '' = 'refund'
            and whole.amount_cents > 0

        union all

        select canceled.amount_cents
        from public.bookings_booking as bookings
        inner join public.payments_usercredittransaction as canceled on bookings.id = canceled.booking_id
        where bookings.order_id = package_order.id
            and bookings.status = 'canceled'
            and canceled.transaction_type || '' = 'refund'
            and canceled.amount_cents > 0
    ) as refunds;
$$;

comment on function earnings.refunded_order_cents(public.payments_order)
is 'What refunds have given back for a package as a whole, in cents (R9).';
