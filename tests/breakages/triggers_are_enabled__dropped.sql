-- A trigger that is missing has no id.
drop trigger earnings_100_guard_delete on payments_earningstransaction;

select 0
