grant execute on function earnings.reverse_booking(bigint, text) to public;

select 'earnings.reverse_booking'::regproc::oid::bigint
