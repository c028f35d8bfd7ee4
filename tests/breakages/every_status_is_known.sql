-- Also  constraints_are_in_force history_agrees_with_the_ledger
alter table payments_earningstransaction drop constraint payments_earningstransaction_status_check;

update payments_earningstransaction
set status = 'lost'
where id = (select min(id) from payments_earningstransaction where status = 'reversed')
returning id
