insert into earnings.heartbeats (beaten_at, transaction_id)
values (now() + interval '1 day', '7')
returning transaction_id::text::bigint
