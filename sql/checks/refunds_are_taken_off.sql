-- Bookings that were refunded since the engine was installed earn what their refunds have left,
-- and not more. Older refunds are for a person to decide, and known as exceptions of kind
-- refunded_before_install: nothing says whether they were settled otherwise.
--
-- Rule      R9
-- Reads     bookings
-- If not    A practitioner keeps what the client has back. Saving the refund's credit row again
--           writes the adjustment.

with

refunds as not materialized (

    select
        booking_id,
        order_id
    from public.payments_usercredittransaction
    where
        transaction_type = 'refund'
        and created_at >= (select min(applied_at) from earnings.changes)

),

refunded as (

    select booking_id
    from refunds
    where booking_id is not null

    union

    select bookings.id
    from refunds
    inner join public.bookings_booking as bookings on refunds.order_id = bookings.order_id
    where refunds.booking_id is null

)

select
    'booking' as subject,
    refunded.booking_id as subject_id,
    format(
        '%s cents of %s were refunded; earnings %s stand at %s gross instead of %s',
        shares.refunded_cents, shares.share_cents, shares.earnings_id, shares.recorded_gross_cents,
        shares.remaining_gross_cents
    ) as detail
from refunded
cross join lateral earnings.refund_shares(array[refunded.booking_id]) as shares
where
    shares.recorded_gross_cents > shares.remaining_gross_cents
    and not exists (
        select
        from earnings.exceptions as known
        where
            known.subject = 'booking'
            and known.subject_id = refunded.booking_id
            and known.kind = 'refunded_before_install'
            and known.resolved_at is null
    )
