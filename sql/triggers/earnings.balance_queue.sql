-- Triggers on the engine's own earnings.balance_queue: folded when the transaction commits.
-- A constraint trigger cannot be replaced, so it is dropped first.

drop trigger if exists earnings_900_fold_balances on earnings.balance_queue;
create constraint trigger earnings_900_fold_balances
after insert on earnings.balance_queue
deferrable initially deferred
for each row
execute function earnings.tg_balance_queue__fold_balances();
