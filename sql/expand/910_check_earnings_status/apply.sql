alter table public.payments_earningstransaction
add constraint payments_earningstransaction_status_check
check (status in ('projected', 'pending', 'available', 'paid', 'reversed'))
not valid;
