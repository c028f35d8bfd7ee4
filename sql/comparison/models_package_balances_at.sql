-- Where the earnings of these bookings stood at each of the moments: the last entry of each row in
-- the history mart.

select
    latest.as_of,
    latest.booking_id,
    latest.currency,
    latest.to_status as status,
    sum(latest.net_cents)::bigint as net_cents
from (
    select distinct on (moments.as_of, transitions.earnings_id)
        moments.as_of,
        transitions.booking_id,
        transitions.currency,
        transitions.to_status,
        transitions.net_cents
    from unnest(%(moments)s::timestamptz[]) as moments (as_of)
    inner join finance.earnings_transitions as transitions on moments.as_of >= transitions.stamped_at
    order by moments.as_of asc, transitions.earnings_id asc, transitions.stamped_at desc
) as latest
where
    latest.booking_id = any(%(booking_ids)s::bigint[])
    and latest.to_status is not null
group by latest.as_of, latest.booking_id, latest.currency, latest.to_status;
