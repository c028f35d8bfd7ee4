-- earnings.settle_refunds(booking_ids)
--
-- Brings the earnings of refunded bookings down to what remains (R9).  When nothing remains
-- of an unpaid row it is reversed; else an adjustment of the difference to what is recorded
-- takes the status and the hold of its original, or is available at once when that is paid.
-- Nothing is written when they agree, so it is safe to run twice.  Canceled bookings are
-- left to reverse_earnings.  The caller holds the earnings' row locks.
--
-- Reads     public.bookings_booking, payments_order, payments_usercredittransaction
-- Writes    public.payments_earningstransaction, earnings.exceptions

create or replace function earnings.settle_refunds(booking_ids bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_refunded_ids constant bigint[] := array(
        select bookings.id
        from public.bookings_booking as bookings
        where bookings.id = any (settle_refunds.booking_ids)
            and bookings.status <> 'canceled'
            -- each asked by the index, of this booking or order alone: `offset 0` keeps a plan that knows
            -- nothing of the tables from reading them whole, and `|| ''` from the index of all refunds
            and (
                bookings.rescheduled_from_id is not null
                or (
                    select orders.status in ('refunded', 'partially_refunded')
                    from public.payments_order as orders
                    where orders.id = bookings.order_id
                )
                or exists (
                    select
                    from public.payments_usercredittransaction as own
                    where own.booking_id = bookings.id and own.transaction_type || '' = 'refund'
                    offset 0
                )
                or exists (
                    select
                    from public.payments_usercredittransaction as whole
                    where whole.order_id = bookings.order_id and whole.transaction_type || '' = 'refund'
                    offset 0
                )
            )
        order by bookings.id
    );
begin
    if cardinality(v_refunded_ids) = 0 then
        return;
    end if;

    update public.payments_earningstransaction as originals
    set status = 'reversed', updated_at = now()
    from earnings.refund_shares(v_refunded_ids) as shares
    where originals.id = shares.earnings_id
        and originals.status in ('projected', 'pending', 'available')
        and shares.share_cents > 0
        and shares.remaining_gross_cents = 0
        and not earnings.is_clawed_back(originals);

    insert into public.payments_earningstransaction (
        created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents,
        net_amount_cents, status, available_after, currency, description, transaction_type,
        external_fees, metadata, booking_id, practitioner_id, payout_id
    )
    select
        now(),
        now(),
        due.gross_cents,
        originals.commission_rate,
        due.commission_cents,
        due.gross_cents - due.commission_cents,
        case when originals.status in ('paid', 'reversed') then 'available' else originals.status end,
        case when originals.status in ('paid', 'reversed') then now() else originals.available_after end,
        originals.currency,
        'Adjustment for a refund',
        'adjustment',
        '{}',
        jsonb_build_object('original_ids', jsonb_build_array(originals.id), 'refunded_cents', shares.refunded_cents),
        originals.booking_id,
        originals.practitioner_id,
        null
    from earnings.refund_shares(v_refunded_ids) as shares
    inner join public.payments_earningstransaction as originals on shares.earnings_id = originals.id
    cross join lateral (
        select
            (shares.remaining_gross_cents - shares.recorded_gross_cents)::integer as gross_cents,
            (
                earnings.commission_cents(originals.commission_rate, shares.remaining_gross_cents::integer)
                - shares.recorded_commission_cents
            )::integer as commission_cents
    ) as due
    where (due.gross_cents, due.commission_cents) <> (0, 0)
        and (due.gross_cents <> 0 or shares.is_adjusted)
        -- a paid debit whose net is 0 took nothing: when its original is reversed, nothing is given back
        and (originals.status <> 'reversed' or due.gross_cents <> due.commission_cents)
    order by originals.id;

    perform earnings.raise_exception_row(
        case when shares.share_cents <= 0 then 'refund_without_price' else 'refund_exceeds_share' end,
        'booking',
        shares.booking_id,
        jsonb_build_object('refunded_cents', shares.refunded_cents, 'share_cents', shares.share_cents)
    )
    from earnings.refund_shares(v_refunded_ids) as shares
    where shares.refunded_cents > shares.share_cents;

    perform earnings.raise_exception_row('refund_without_amount', 'order', orders.id)
    from public.bookings_booking as bookings
    inner join public.payments_order as orders on bookings.order_id = orders.id
    where bookings.id = any (v_refunded_ids)
        and orders.status = 'partially_refunded'
        and earnings.refunded_cents(bookings) = 0
        and orders.order_type not in ('package', 'bundle');
end
$$;

comment on function earnings.settle_refunds(bigint[])
is 'Brings the earnings of refunded bookings down to what remains of them (R9).';
