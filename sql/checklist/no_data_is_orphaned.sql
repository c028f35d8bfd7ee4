-- Rows that point at rows that are not there, and rows that the migration made and that
-- are gone.

select
    'booking' as subject,
    bookings.id as subject_id,
    format('order %s does not exist', bookings.order_id) as detail
from public.bookings_booking as bookings
where bookings.order_id is not null
    and not exists (select from public.payments_order as orders where orders.id = bookings.order_id)

union all

select
    'earnings' as subject,
    entries.id as subject_id,
    format('booking %s does not exist', entries.booking_id) as detail
from public.payments_earningstransaction as entries
where not exists (
        select from public.bookings_booking as bookings where bookings.id = entries.booking_id
    )

union all

select
    'order' as subject,
    changes.row_id as subject_id,
    'a synthetic order without a booking' as detail
from earnings_migration.row_changes as changes
where changes.table_name = 'payments_order'
    and changes.operation = 'insert'
    and changes.reverted_at is null
    and not exists (
        select from public.bookings_booking as bookings where bookings.order_id = changes.row_id
    )
