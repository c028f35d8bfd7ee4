with

forgotten as (

    update bookings_booking
    set order_id = null
    where id = (
            select min(id)
            from bookings_booking
            where order_id is not null and payment_status = 'paid' and price_charged_cents > 0
        )
    returning id

)

update earnings_migration.legacy_rows
set ids = ids - int8multirange(int8range(forgotten.id, forgotten.id, '[]'))
from forgotten
where legacy_rows.table_name = 'bookings_booking'
