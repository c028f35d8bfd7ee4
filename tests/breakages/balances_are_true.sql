update payments_practitionerearnings
set available_balance_cents = available_balance_cents + 1
where id = (select min(id) from payments_practitionerearnings)
returning practitioner_id
