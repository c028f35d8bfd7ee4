-- One bare update of the row that all clients want.
update public.payments_practitionerearnings
set updated_at = now()
where practitioner_id = (select work.practitioner_id from bench.work where work.place = %(place)s)
