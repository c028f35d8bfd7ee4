-- One row per earnings row: whether it adds up and fits its booking.
with

earnings as (

    select
        id,
        booking_id,
        practitioner_id,
        payout_id,
        status,
        net_amount_cents = gross_amount_cents - commission_amount_cents as adds_up,
        transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal') as is_delivery,
        status not in ('reversed', 'completed')
        and transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal') as is_live_delivery
    from public.payments_earningstransaction

)

select
    earnings.id,
    earnings.adds_up,
    earnings.practitioner_id = bookings.practitioner_id as is_of_the_practitioner,
    not earnings.is_delivery
    or earnings.status not in ('pending', 'available', 'paid', 'paid_out')
    or bookings.status in ('completed', 'canceled', 'cancelled') as is_delivered,
    not earnings.is_live_delivery
    or bookings.status not in ('canceled', 'cancelled') as is_not_canceled,
    not earnings.is_live_delivery
    or not (
        coalesce((to_jsonb(bookings) ->> 'is_package_purchase')::boolean, false)
        or coalesce((to_jsonb(bookings) ->> 'is_bundle_purchase')::boolean, false)
    ) as is_no_purchase,
    not earnings.is_live_delivery
    or count(*) filter (where earnings.is_live_delivery) over (partition by earnings.booking_id) = 1 as is_the_only_one,
    (earnings.status in ('paid', 'paid_out', 'processing')) = (earnings.payout_id is not null) as has_payout
from earnings
inner join public.bookings_booking as bookings on earnings.booking_id = bookings.id
