-- One row per practitioner with a cached balance or earnings: whether they agree, in whatever
-- currency the practitioner has earned most rows.
with

summed as (

    select distinct on (practitioner_id)
        practitioner_id,
        coalesce(sum(net_amount_cents) filter (where status = 'pending'), 0) as pending_cents,
        coalesce(sum(net_amount_cents) filter (where status = 'available'), 0) as available_cents
    from public.payments_earningstransaction
    group by practitioner_id, currency
    order by practitioner_id asc, count(*) desc

)

select
    coalesce(summed.practitioner_id, cached.practitioner_id) as practitioner_id,
    coalesce(cached.pending_balance_cents, 0) = coalesce(summed.pending_cents, 0)
    and coalesce(cached.available_balance_cents, 0) = coalesce(summed.available_cents, 0) as is_true
from public.payments_practitionerearnings as cached
full outer join summed on cached.practitioner_id = summed.practitioner_id
