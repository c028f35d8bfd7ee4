-- The balance that the app shows a practitioner is the sum of the ledger, in the
-- platform's currency.
--
-- Rule      R17
-- Reads     practitioners
-- If not    Something wrote the balance past the triggers. Any write to one of the
--           practitioner's earnings makes it true again; so does migrate up.

with

platform as (

    select value as currency
    from earnings.settings
    where name = 'currency'

),

-- what is cached and what is earned are put under one another and summed, so that both are read once
amounts as (

    select
        practitioner_id,
        true as is_cached,
        pending_balance_cents as cached_pending_cents,
        available_balance_cents as cached_available_cents,
        lifetime_earnings_cents as cached_lifetime_cents,
        lifetime_payouts_cents as cached_paid_cents,
        0 as pending_cents,
        0 as available_cents,
        0 as paid_cents
    from public.payments_practitionerearnings

    union all

    select
        practitioner_id,
        false as is_cached,
        0 as cached_pending_cents,
        0 as cached_available_cents,
        0 as cached_lifetime_cents,
        0 as cached_paid_cents,
        case when status = 'pending' then net_amount_cents else 0 end as pending_cents,
        case when status = 'available' then net_amount_cents else 0 end as available_cents,
        case when status = 'paid' then net_amount_cents else 0 end as paid_cents
    from public.payments_earningstransaction
    where
        status in ('pending', 'available', 'paid')
        and currency = (select platform.currency from platform)

),

summed as (

    select
        practitioner_id,
        bool_or(is_cached) as is_cached,
        sum(cached_pending_cents) as cached_pending_cents,
        sum(cached_available_cents) as cached_available_cents,
        sum(cached_lifetime_cents) as cached_lifetime_cents,
        sum(cached_paid_cents) as cached_paid_cents,
        sum(pending_cents) as pending_cents,
        sum(available_cents) as available_cents,
        sum(pending_cents + available_cents + paid_cents) as lifetime_cents,
        sum(paid_cents) as paid_cents
    from amounts
    group by practitioner_id

)

select
    'practitioner' as subject,
    summed.practitioner_id as subject_id,
    format(
        'cached/true cents: pending %s/%s, available %s/%s, lifetime %s/%s, paid %s/%s%s',
        summed.cached_pending_cents, summed.pending_cents, summed.cached_available_cents, summed.available_cents,
        summed.cached_lifetime_cents, summed.lifetime_cents, summed.cached_paid_cents, summed.paid_cents,
        case when not summed.is_cached then ' (no balance row)' end
    ) as detail
from summed
where
    (summed.cached_pending_cents, summed.cached_available_cents, summed.cached_lifetime_cents, summed.cached_paid_cents)
    is distinct from
    (summed.pending_cents, summed.available_cents, summed.lifetime_cents, summed.paid_cents)
    and exists (
        select
        from public.practitioners_practitioner as practitioners
        where practitioners.id = summed.practitioner_id
    )
