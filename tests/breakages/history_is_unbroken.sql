update earnings.transitions
set from_net_amount_cents = from_net_amount_cents + 1
where id = (select max(id) from earnings.transitions where event not in ('opening', 'created'))
returning id
