-- The balances of these days when they ended, in one row per status.

select
    days.practitioner_id,
    days.currency,
    days.day_on,
    statuses.status,
    statuses.net_cents
from finance.practitioner_balances_daily as days
cross join
    lateral (
        values
        ('projected', days.projected_cents),
        ('pending', days.pending_cents),
        ('available', days.available_cents),
        ('paid', days.paid_cents),
        ('reversed', days.reversed_cents)
    ) as statuses (status, net_cents)
where
    days.day_on = any(%(days)s::date[])
    and statuses.net_cents <> 0;
