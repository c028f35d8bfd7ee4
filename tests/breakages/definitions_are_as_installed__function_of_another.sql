alter function earnings.reverse_booking(bigint, text) owner to current_user;

select 'earnings.reverse_booking'::regproc::oid::bigint
