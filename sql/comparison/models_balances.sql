-- The balances of the last build, as they are now, in one row per status.

select
    balances.practitioner_id,
    balances.currency,
    statuses.status,
    statuses.net_cents
from finance.practitioner_balances as balances
cross join
    lateral (
        values
        ('projected', balances.projected_cents),
        ('pending', balances.pending_cents),
        ('available', balances.available_cents),
        ('paid', balances.paid_cents),
        ('reversed', balances.reversed_cents)
    ) as statuses (status, net_cents)
where statuses.net_cents <> 0;
