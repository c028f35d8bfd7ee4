alter table payments_earningstransaction drop constraint payments_earningstransaction_status_check;
alter table payments_earningstransaction add constraint payments_earningstransaction_status_check
check (status in ('pending', 'available', 'paid', 'reversed')) not valid
