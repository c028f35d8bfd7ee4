-- Writes back what was there before, where the row still holds what this step wrote.

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
    from jsonb_populate_record(balances, reverting.before) as written
)
from reverting
where reverting.table_name = 'payments_practitionerearnings'
    and reverting.operation = 'update'
    and reverting.row_id = balances.id;

delete from payments_practitionerearnings as inserted
using reverting
where reverting.table_name = 'payments_practitionerearnings'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.id;
