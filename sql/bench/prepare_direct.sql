-- The direct bookings that can be completed, in an order that has nothing to do with their ids.
create schema bench;

create table bench.work as
select
    row_number() over (order by md5(bookings.id::text)) - 1 as place,
    bookings.id as booking_id,
    bookings.practitioner_id
from public.bookings_booking as bookings
inner join public.payments_order as orders on bookings.order_id = orders.id
inner join public.payments_earningstransaction as projected on bookings.id = projected.booking_id
where bookings.status = 'confirmed'
    and bookings.rescheduled_from_id is null
    and orders.order_type = 'direct'
    and orders.status = 'completed'
    and projected.status = 'projected'
    and not exists (
        select
        from public.payments_usercredittransaction as refunds
        where refunds.booking_id = bookings.id and refunds.transaction_type = 'refund'
    );

alter table bench.work add primary key (place);

analyze bench.work
