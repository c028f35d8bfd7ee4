-- Also  balances_are_true
update payments_earningstransaction
set practitioner_id = (select max(id) from practitioners_practitioner)
where id = (select min(id) from payments_earningstransaction where status = 'pending' and currency = 'USD')
returning id
