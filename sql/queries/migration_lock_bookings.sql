-- Locks the bookings that a batch touches or judges, by id (R20).

select bookings.id
from bookings_booking as bookings
where bookings.id in (
        select planned.row_id
        from planned
        where planned.table_name in ('bookings_booking', 'purchase_bookings', 'session_slots')

        union

        select entries.booking_id
        from planned
        inner join payments_earningstransaction as entries on planned.row_id = entries.id
        where planned.table_name = 'payments_earningstransaction'

        union

        select (planned.after ->> 'booking_id')::bigint
        from planned
        where planned.table_name = 'payments_earningstransaction'
    )
order by bookings.id
for no key update of bookings;
