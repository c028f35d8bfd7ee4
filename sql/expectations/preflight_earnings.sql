-- One row per earnings row: whether it adds up and fits its booking.
select
    earnings.id,
    earnings.net_amount_cents = earnings.gross_amount_cents - earnings.commission_amount_cents as adds_up,
    earnings.practitioner_id = bookings.practitioner_id as is_of_the_practitioner,
    earnings.status not in ('pending', 'available', 'paid', 'paid_out')
    or not kinds.is_delivery
    or bookings.status in ('completed', 'canceled', 'cancelled') as is_delivered,
    earnings.status in ('reversed', 'completed')
    or not kinds.is_delivery
    or bookings.status not in ('canceled', 'cancelled') as is_not_canceled,
    earnings.status in ('reversed', 'completed')
    or not kinds.is_delivery
    or not (
        coalesce((to_jsonb(bookings) ->> 'is_package_purchase')::boolean, false)
        or coalesce((to_jsonb(bookings) ->> 'is_bundle_purchase')::boolean, false)
    ) as is_no_purchase,
    earnings.status in ('reversed', 'completed')
    or not kinds.is_delivery
    or count(*) filter (where earnings.status not in ('reversed', 'completed') and kinds.is_delivery)
        over (partition by earnings.booking_id)
    = 1 as is_the_only_one,
    (earnings.status in ('paid', 'paid_out', 'processing')) = (earnings.payout_id is not null) as has_payout
from public.payments_earningstransaction as earnings
cross join lateral (
    select earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal') as is_delivery
) as kinds
inner join public.bookings_booking as bookings on earnings.booking_id = bookings.id
