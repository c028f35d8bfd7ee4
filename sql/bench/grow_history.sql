-- A longer history of everybody else: rows that are as wide as those of the app's own writes.
insert into earnings.transitions (
    earnings_id, booking_id, practitioner_id, gross_amount_cents, commission_amount_cents,
    net_amount_cents, from_net_amount_cents, stamped_at, available_after, event, from_status, to_status,
    currency, made_by, application
)
select
    1000000000 + numbers.id / 4,
    1000000000 + numbers.id / 4,
    1000000 + mod(numbers.id, 20000),
    10000,
    1500,
    8500,
    8500,
    now() - (%(rows)s - numbers.id) * interval '1 millisecond',
    now(),
    'status_changed',
    'projected',
    'pending',
    'USD',
    'marketplace',
    'marketplace'
from generate_series(1, %(rows)s) as numbers (id);

vacuum (analyze) earnings.transitions
