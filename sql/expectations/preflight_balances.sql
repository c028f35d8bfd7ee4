-- One row per practitioner with a cached balance or earnings: whether they agree, in the
-- currency in which the practitioner has most rows.
with

summed as (

    select
        practitioner_id,
        coalesce(sum(net_amount_cents) filter (where status = 'pending'), 0) as pending_cents,
        coalesce(sum(net_amount_cents) filter (where status = 'available'), 0) as available_cents,
        row_number() over (partition by practitioner_id order by count(*) desc, currency) as place
    from public.payments_earningstransaction
    group by practitioner_id, currency

),

usual as (

    select
        practitioner_id,
        pending_cents,
        available_cents
    from summed
    where place = 1

)

select
    coalesce(usual.practitioner_id, cached.practitioner_id) as practitioner_id,
    coalesce(cached.pending_balance_cents, 0) = coalesce(usual.pending_cents, 0)
    and coalesce(cached.available_balance_cents, 0) = coalesce(usual.available_cents, 0) as is_true
from public.payments_practitionerearnings as cached
full outer join usual on cached.practitioner_id = usual.practitioner_id
