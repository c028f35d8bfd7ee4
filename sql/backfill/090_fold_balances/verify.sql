-- Cached balances that are missing or are not what the rows say.

with

sums as (

    select
        entries.practitioner_id,
        coalesce(sum(entries.net_amount_cents) filter (where entries.status = 'pending'), 0) as pending_balance_cents,
        coalesce(sum(entries.net_amount_cents) filter (where entries.status = 'available'), 0)
            as available_balance_cents,
        coalesce(sum(entries.net_amount_cents) filter (where entries.status = 'paid'), 0) as lifetime_payouts_cents
    from payments_earningstransaction as entries
    where entries.currency = earnings.setting('currency')
    group by entries.practitioner_id

)

select
    'practitioner' as subject,
    practitioners.id as subject_id,
    format(
        'cached pending %s, available %s, paid out %s; the rows say %s, %s, %s',
        balances.pending_balance_cents,
        balances.available_balance_cents,
        balances.lifetime_payouts_cents,
        coalesce(sums.pending_balance_cents, 0),
        coalesce(sums.available_balance_cents, 0),
        coalesce(sums.lifetime_payouts_cents, 0)
    ) as offence
from practitioners_practitioner as practitioners
left join sums on practitioners.id = sums.practitioner_id
left join payments_practitionerearnings as balances on practitioners.id = balances.practitioner_id
where (balances.id is not null or sums.practitioner_id is not null)
    and (
        balances.pending_balance_cents is distinct from coalesce(sums.pending_balance_cents, 0)
        or balances.available_balance_cents is distinct from coalesce(sums.available_balance_cents, 0)
        or balances.lifetime_payouts_cents is distinct from coalesce(sums.lifetime_payouts_cents, 0)
        or balances.lifetime_earnings_cents is distinct from
        coalesce(sums.pending_balance_cents + sums.available_balance_cents + sums.lifetime_payouts_cents, 0)
    )
