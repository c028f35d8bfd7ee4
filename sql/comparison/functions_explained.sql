-- What the rows of explain_balance add up to, by practitioner and by order, at each of the moments.

select
    moments.as_of,
    practitioners.id as practitioner_id,
    bookings.order_id,
    explained.currency,
    explained.status,
    sum(explained.net_amount_cents)::bigint as net_cents
from unnest(%(moments)s::timestamptz[]) as moments (as_of)
cross join public.practitioners_practitioner as practitioners
cross join lateral earnings.explain_balance(practitioners.id, moments.as_of) as explained
left join public.bookings_booking as bookings on explained.booking_id = bookings.id
group by moments.as_of, practitioners.id, bookings.order_id, explained.currency, explained.status;
