-- One row per order: whether it adds up, and whether what was sold has been booked.
select
    orders.id,
    orders.total_amount_cents
    = orders.subtotal_amount_cents + orders.tax_amount_cents - orders.credits_applied_cents as adds_up,
    orders.status = 'failed' or exists (
        select
        from public.bookings_booking as bookings
        where
            bookings.user_id = orders.user_id
            and (bookings.service_id = orders.service_id or orders.service_id is null)
    ) as has_booking
from public.payments_order as orders
