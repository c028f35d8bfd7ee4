delete from payments_practitionerearnings
where id = (select min(id) from payments_practitionerearnings where lifetime_earnings_cents > 0)
returning practitioner_id
