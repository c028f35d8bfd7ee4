-- Also  bookings_are_on_their_clients_orders
with

pairs as (

    select
        rescheduled.id as booking_id,
        others.order_id
    from bookings_booking as rescheduled
    inner join payments_earningstransaction as own on rescheduled.id = own.booking_id
    inner join payments_order as orders on rescheduled.order_id = orders.id
    inner join bookings_booking as others on rescheduled.id < others.id
    inner join payments_earningstransaction as theirs on others.id = theirs.booking_id
    inner join payments_order as their_orders on others.order_id = their_orders.id
    where
        rescheduled.rescheduled_from_id is not null
        and orders.order_type = 'direct'
        and their_orders.order_type = 'direct'
        and orders.id <> their_orders.id
        and own.status = 'pending'
        and theirs.status = 'pending'
    order by rescheduled.id, others.id
    limit 1

)

update bookings_booking as moved
set order_id = pairs.order_id
from pairs
where moved.id = pairs.booking_id
returning moved.id
