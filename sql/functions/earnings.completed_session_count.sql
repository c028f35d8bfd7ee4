-- earnings.completed_session_count(order_id)
--
-- How many session bookings of an order are delivered (R8).  Counts through the index
-- on (order_id, status); purchase bookings never count.
--
-- Reads     public.bookings_booking

create or replace function earnings.completed_session_count(order_id bigint)
returns integer
language sql
volatile
set search_path = ''
as $$
    select count(*) filter (where bookings.status = 'completed' and not earnings.is_purchase(bookings))::integer
    from public.bookings_booking as bookings
    where bookings.order_id = completed_session_count.order_id;
$$;

comment on function earnings.completed_session_count(bigint)
is 'How many session bookings of an order are delivered (R8).';
