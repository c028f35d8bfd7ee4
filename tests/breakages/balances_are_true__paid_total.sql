update payments_practitionerearnings
set lifetime_payouts_cents = lifetime_payouts_cents - 1
where id = (select max(id) from payments_practitionerearnings)
returning practitioner_id
