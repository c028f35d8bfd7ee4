-- Locks the orders that a batch touches, and those of the bookings it locked, by id (R20).

select orders.id
from payments_order as orders
where orders.id in (
        select planned.row_id
        from planned
        where planned.table_name in ('payments_order', 'package_terms')

        union

        select bookings.order_id
        from bookings_booking as bookings
        where bookings.id = any(%(booking_ids)s)
    )
order by orders.id
for no key update of orders;
