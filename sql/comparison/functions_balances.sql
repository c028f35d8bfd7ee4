-- What balance_as_of says of every practitioner at each of the moments.

select
    moments.as_of,
    practitioners.id as practitioner_id,
    balances.currency,
    balances.status,
    balances.net_amount_cents
from unnest(%(moments)s::timestamptz[]) as moments (as_of)
cross join public.practitioners_practitioner as practitioners
cross join lateral earnings.balance_as_of(practitioners.id, moments.as_of) as balances;
