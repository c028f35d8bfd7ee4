-- Every earnings row as it stands.

select
    earnings.practitioner_id,
    earnings.currency,
    earnings.status,
    earnings.net_amount_cents,
    bookings.order_id
from public.payments_earningstransaction as earnings
left join public.bookings_booking as bookings on earnings.booking_id = bookings.id;
