-- The statement of the month that each of the moments lies in, as far as that moment, from the
-- view that the statements are summed from.

with

moments as (

    select
        as_of,
        date_trunc('month', as_of at time zone 'UTC') at time zone 'UTC' as month_begins_at
    from unnest(%(moments)s::timestamptz[]) as given (as_of)

),

summed as (

    select
        moments.as_of,
        changes.practitioner_id,
        changes.currency,
        coalesce(sum(changes.owed_change_cents) filter (where changes.stamped_at < moments.month_begins_at), 0)
            as opening_cents,
        sum(changes.owed_change_cents) as closing_cents
    from moments
    inner join staging.int_transitions__explained as changes on moments.as_of >= changes.stamped_at
    group by moments.as_of, changes.practitioner_id, changes.currency

),

moved as (

    select
        moments.as_of,
        changes.practitioner_id,
        changes.currency,
        changes.cause,
        sum(changes.earned_change_cents) as earned_cents,
        sum(changes.paid_change_cents) as paid_cents
    from moments
    inner join staging.int_transitions__explained as changes
        on moments.as_of >= changes.stamped_at and moments.month_begins_at <= changes.stamped_at
    group by moments.as_of, changes.practitioner_id, changes.currency, changes.cause

)

select
    as_of,
    practitioner_id,
    currency,
    'opening' as part,
    opening_cents::bigint as cents
from summed

union all

select
    as_of,
    practitioner_id,
    currency,
    'closing' as part,
    closing_cents::bigint as cents
from summed

union all

select
    as_of,
    practitioner_id,
    currency,
    'paid' as part,
    sum(paid_cents)::bigint as cents
from moved
group by as_of, practitioner_id, currency

union all

select
    as_of,
    practitioner_id,
    currency,
    replace(cause, '_', ' ') as part,
    (case when cause in ('reversed', 'clawed_back') then -earned_cents else earned_cents end)::bigint as cents
from moved;
