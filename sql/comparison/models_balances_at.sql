-- What the history mart adds up to at each of the moments (R19).

select
    moments.as_of,
    transitions.practitioner_id,
    transitions.currency,
    sides.status,
    sum(sides.net_cents)::bigint as net_cents
from unnest(%(moments)s::timestamptz[]) as moments (as_of)
inner join finance.earnings_transitions as transitions on moments.as_of >= transitions.stamped_at
cross join
    lateral (
        values
        (transitions.to_status, transitions.net_cents),
        (transitions.from_status, -transitions.from_net_cents)
    ) as sides (status, net_cents)
where sides.status is not null
group by moments.as_of, transitions.practitioner_id, transitions.currency, sides.status
having sum(sides.net_cents) <> 0;
