-- The balance that the app shows a practitioner is the sum of the ledger, in the
-- platform's currency.
--
-- Rule      R17
-- Reads     everything
-- If not    Something wrote the balance past the triggers. Any write to one of the
--           practitioner's earnings makes it true again; so does migrate up.

with

platform as (

    select value as currency
    from earnings.settings
    where name = 'currency'

),

ledger as (

    select
        earnings.practitioner_id,
        coalesce(sum(earnings.net_amount_cents) filter (where earnings.status = 'pending'), 0) as pending_cents,
        coalesce(sum(earnings.net_amount_cents) filter (where earnings.status = 'available'), 0) as available_cents,
        coalesce(sum(earnings.net_amount_cents) filter (where earnings.status = 'paid'), 0) as paid_cents
    from public.payments_earningstransaction as earnings
    inner join platform on earnings.currency = platform.currency
    inner join public.practitioners_practitioner as practitioners on earnings.practitioner_id = practitioners.id
    where earnings.status in ('pending', 'available', 'paid')
    group by earnings.practitioner_id

),

compared as (

    select
        balances.practitioner_id is null as is_missing,
        coalesce(balances.practitioner_id, ledger.practitioner_id) as practitioner_id,
        coalesce(balances.pending_balance_cents, 0) as cached_pending_cents,
        coalesce(balances.available_balance_cents, 0) as cached_available_cents,
        coalesce(balances.lifetime_earnings_cents, 0) as cached_lifetime_cents,
        coalesce(balances.lifetime_payouts_cents, 0) as cached_paid_cents,
        coalesce(ledger.pending_cents, 0) as pending_cents,
        coalesce(ledger.available_cents, 0) as available_cents,
        coalesce(ledger.paid_cents, 0) as paid_cents
    from public.payments_practitionerearnings as balances
    full outer join ledger on balances.practitioner_id = ledger.practitioner_id

)

select
    'practitioner' as subject,
    practitioner_id as subject_id,
    format(
        'cached/true cents: pending %s/%s, available %s/%s, lifetime %s/%s, paid %s/%s%s',
        cached_pending_cents, pending_cents, cached_available_cents, available_cents,
        cached_lifetime_cents, pending_cents + available_cents + paid_cents, cached_paid_cents, paid_cents,
        case when is_missing then ' (no balance row)' end
    ) as detail
from compared
where
    (cached_pending_cents, cached_available_cents, cached_lifetime_cents, cached_paid_cents)
    is distinct from
    (pending_cents, available_cents, pending_cents + available_cents + paid_cents, paid_cents)
