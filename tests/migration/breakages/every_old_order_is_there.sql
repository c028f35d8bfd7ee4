delete from payments_order where id = (select min(id) from payments_order where status = 'failed')
