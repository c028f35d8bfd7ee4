-- Writes what plan.sql planned.

insert into payments_practitionerearnings (
    id, created_at, updated_at, pending_balance_cents, available_balance_cents,
    lifetime_earnings_cents, lifetime_payouts_cents, last_payout_date, practitioner_id
)
select
    written.id,
    written.created_at,
    written.updated_at,
    written.pending_balance_cents,
    written.available_balance_cents,
    written.lifetime_earnings_cents,
    written.lifetime_payouts_cents,
    written.last_payout_date,
    written.practitioner_id
from planned
cross join lateral jsonb_populate_record(null::payments_practitionerearnings, planned.after) as written
where planned.table_name = 'payments_practitionerearnings' and planned.operation = 'insert'
order by planned.row_id;

update payments_practitionerearnings as balances
set (
    pending_balance_cents, available_balance_cents, lifetime_earnings_cents,
    lifetime_payouts_cents, last_payout_date
) = (
    select
        written.pending_balance_cents,
        written.available_balance_cents,
        written.lifetime_earnings_cents,
        written.lifetime_payouts_cents,
        written.last_payout_date
    from jsonb_populate_record(balances, planned.after) as written
)
from planned
where planned.table_name = 'payments_practitionerearnings'
    and planned.operation = 'update'
    and planned.row_id = balances.id;
