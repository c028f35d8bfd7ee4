insert into earnings.settlement_queue (booking_id, queued_at)
values (7, now() - interval '25 hours')
returning booking_id
