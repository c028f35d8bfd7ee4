update payments_earningstransaction
set commission_amount_cents = commission_amount_cents - 1, net_amount_cents = net_amount_cents + 1
where id = (select min(id) from payments_earningstransaction where status = 'paid')
