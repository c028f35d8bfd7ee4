-- One bare update of the row that all clients want.
update public.payments_order
set updated_at = now()
where id = (select work.order_id from bench.work where work.place = %(place)s)
