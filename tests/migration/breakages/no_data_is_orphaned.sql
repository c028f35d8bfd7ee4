update payments_earningstransaction
set booking_id = -1
where id = (select min(id) from payments_earningstransaction where status = 'projected')
