-- earnings.refund_shares(booking_ids)
--
-- One row per delivery row of a refunded booking, in cents: what it and the rows linked to
-- it are recorded with, and what remains of it (R9).  The share is what a refund is
-- measured by: of a session what it earned for its slot, else the card part, or the price once the
-- refund exceeds that.  What remains never rises; a reversed row has nothing left, and an
-- adjustment that was reversed without its original is forgiven and counts as taken off.
-- A share of 0 cannot be measured: nothing changes.
--
-- Reads     public.bookings_booking, payments_order, payments_earningstransaction,
--           payments_usercredittransaction

create or replace function earnings.refund_shares(booking_ids bigint[])
returns table (
    booking_id bigint,
    earnings_id bigint,
    refunded_cents bigint,
    share_cents bigint,
    recorded_gross_cents bigint,
    recorded_commission_cents bigint,
    recorded_net_cents bigint,
    is_adjusted boolean,
    remaining_gross_cents bigint
)
language sql
volatile
parallel safe
rows 10
set search_path = pg_catalog, pg_temp
as $$
    with

    refunded as (

        select
            bookings.id as booking_id,
            originals.id as earnings_id,
            originals.status,
            originals.gross_amount_cents::bigint as gross_amount_cents,
            refunds.cents as credited_cents,
            coalesce(orders.status = 'refunded' and orders.order_type not in ('package', 'bundle'), false) as is_whole,
            case
                when orders.order_type in ('package', 'bundle') then originals.gross_amount_cents
                when refunds.cents > bookings.final_amount_cents then bookings.price_charged_cents
                when bookings.final_amount_cents = 0 then bookings.price_charged_cents
                else bookings.final_amount_cents
            end::bigint as share_cents
        from public.bookings_booking as bookings
        inner join public.payments_earningstransaction as originals on bookings.id = originals.booking_id
        left join public.payments_order as orders on bookings.order_id = orders.id
        cross join lateral (select earnings.refunded_cents(bookings) as cents) as refunds
        where bookings.id = any (refund_shares.booking_ids)
            and bookings.status <> 'canceled'
            and earnings.is_delivery(originals.transaction_type)

    ),

    recorded as (

        select
            refunded.*,
            case
                when refunded.is_whole then greatest(refunded.credited_cents, refunded.share_cents)
                else refunded.credited_cents
            end as refunded_cents,
            linked.*
        from refunded
        cross join lateral (
            select
                coalesce(sum(rows_of.gross_amount_cents), 0)::bigint as recorded_gross_cents,
                coalesce(sum(rows_of.commission_amount_cents), 0)::bigint as recorded_commission_cents,
                coalesce(sum(rows_of.net_amount_cents), 0)::bigint as recorded_net_cents,
                coalesce(bool_or(rows_of.id <> refunded.earnings_id), false) as is_adjusted
            from public.payments_earningstransaction as rows_of
            where rows_of.booking_id = refunded.booking_id
                and case
                    when rows_of.id = refunded.earnings_id then rows_of.status <> 'reversed'
                    when not rows_of.metadata @> jsonb_build_object('original_ids', jsonb_build_array(refunded.earnings_id))
                        then false
                    when rows_of.transaction_type = 'clawback' then rows_of.status <> 'reversed'
                    else rows_of.metadata ? 'refunded_cents'
                        and (rows_of.status <> 'reversed' or refunded.status <> 'reversed')
                end
        ) as linked

    )

    select
        recorded.booking_id,
        recorded.earnings_id,
        recorded.refunded_cents,
        recorded.share_cents,
        recorded.recorded_gross_cents,
        recorded.recorded_commission_cents,
        recorded.recorded_net_cents,
        recorded.is_adjusted,
        case
            when recorded.status = 'reversed' then 0
            when recorded.share_cents <= 0 then recorded.recorded_gross_cents
            -- the slot may be worth less by now than what was taken off while the row was projected
            else greatest(
                0,
                least(
                    recorded.recorded_gross_cents,
                    recorded.gross_amount_cents
                    - recorded.gross_amount_cents
                    * least(recorded.refunded_cents, recorded.share_cents) / recorded.share_cents
                )
            )
        end
    from recorded
    where recorded.refunded_cents > 0;
$$;

comment on function earnings.refund_shares(bigint[])
is 'One row per delivery row of a refunded booking: what is recorded and what remains of it (R9).';
