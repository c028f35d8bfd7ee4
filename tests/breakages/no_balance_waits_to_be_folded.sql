insert into earnings.balance_queue (practitioner_id)
values (7)
returning practitioner_id
