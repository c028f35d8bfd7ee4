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
    from public.payments_usercredittransaction as refunds
    left join public.bookings_booking as bookings on refunds.booking_id = bookings.id
    where refunds.order_id = package_order.id
        and refunds.transaction_type = 'refund'
        and refunds.amount_cents > 0
        and (refunds.booking_id is null or bookings.status = 'canceled');
$$;

comment on function earnings.refunded_order_cents(public.payments_order)
is 'What refunds have given back for a package as a whole, in cents (R9).';
