-- One row per practitioner whose cached balance is missing or is not what the rows say, in
-- the platform's currency (R17).

with

truth as (

    select
        practitioners.id as practitioner_id,
        coalesce(sums.pending_balance_cents, 0) as pending_balance_cents,
        coalesce(sums.available_balance_cents, 0) as available_balance_cents,
        coalesce(sums.lifetime_earnings_cents, 0) as lifetime_earnings_cents,
        coalesce(sums.lifetime_payouts_cents, 0) as lifetime_payouts_cents,
        (
            select max(coalesce(payouts.payout_date, payouts.created_at))
            from payments_practitionerpayout as payouts
            where payouts.practitioner_id = practitioners.id
                and exists (
                    select
                    from payments_earningstransaction as paid
                    where paid.payout_id = payouts.id and paid.status = 'paid'
                )
        ) as last_payout_date,
        sums.practitioner_id is not null as has_earnings
    from practitioners_practitioner as practitioners
    left join lateral (
        select
            entries.practitioner_id,
            sum(entries.net_amount_cents) filter (where entries.status = 'pending') as pending_balance_cents,
            sum(entries.net_amount_cents) filter (where entries.status = 'available') as available_balance_cents,
            sum(entries.net_amount_cents) filter (where entries.status in ('pending', 'available', 'paid'))
                as lifetime_earnings_cents,
            sum(entries.net_amount_cents) filter (where entries.status = 'paid') as lifetime_payouts_cents
        from payments_earningstransaction as entries
        where entries.practitioner_id = practitioners.id
            and entries.currency = earnings.setting('currency')
        group by entries.practitioner_id
    ) as sums on true
    where practitioners.id > current_setting('earnings_migration.after_id')::bigint
        and practitioners.id <= current_setting('earnings_migration.until_id')::bigint

),

compared as (

    select
        truth.practitioner_id,
        truth.has_earnings,
        balances.id,
        balances.available_balance_cents as old_available_balance_cents,
        truth.available_balance_cents as new_available_balance_cents,
        jsonb_build_object(
            'pending_balance_cents', balances.pending_balance_cents,
            'available_balance_cents', balances.available_balance_cents,
            'lifetime_earnings_cents', balances.lifetime_earnings_cents,
            'lifetime_payouts_cents', balances.lifetime_payouts_cents,
            'last_payout_date', balances.last_payout_date
        ) as before,
        jsonb_build_object(
            'pending_balance_cents', truth.pending_balance_cents,
            'available_balance_cents', truth.available_balance_cents,
            'lifetime_earnings_cents', truth.lifetime_earnings_cents,
            'lifetime_payouts_cents', truth.lifetime_payouts_cents,
            'last_payout_date', truth.last_payout_date
        ) as after
    from truth
    left join payments_practitionerearnings as balances on truth.practitioner_id = balances.practitioner_id

)

select
    'payments_practitionerearnings' as table_name,
    id as row_id,
    'update' as operation,
    'balance_was_off' as reason,
    practitioner_id,
    earnings.setting('currency') as currency,
    (new_available_balance_cents - old_available_balance_cents)::bigint as amount_cents,
    before,
    after
from compared
where id is not null and before <> after

union all

select
    'payments_practitionerearnings' as table_name,
    null as row_id,
    'insert' as operation,
    'balance_was_missing' as reason,
    practitioner_id,
    earnings.setting('currency') as currency,
    new_available_balance_cents::bigint as amount_cents,
    null as before,
    after || jsonb_build_object('practitioner_id', practitioner_id, 'created_at', now(), 'updated_at', now()) as after
from compared
where id is null and has_earnings
