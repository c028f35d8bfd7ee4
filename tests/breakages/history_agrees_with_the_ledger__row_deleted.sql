delete from payments_earningstransaction
where id = (select min(id) from payments_earningstransaction where status = 'reversed')
returning id
