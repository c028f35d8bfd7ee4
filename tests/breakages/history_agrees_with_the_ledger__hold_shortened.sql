update payments_earningstransaction
set available_after = available_after - interval '1 day'
where id = (select min(id) from payments_earningstransaction where status = 'pending')
returning id
