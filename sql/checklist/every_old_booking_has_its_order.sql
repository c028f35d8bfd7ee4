-- Every booking that was there when the migration began has its order, or it is reported that a
-- person has to choose it.

select
    'booking' as subject,
    bookings.id as subject_id,
    'no order, and not reported' as detail
from public.bookings_booking as bookings
inner join earnings_migration.legacy_rows
    on legacy_rows.table_name = 'bookings_booking' and legacy_rows.ids @> bookings.id
where bookings.order_id is null
    and not exists (
        select
        from earnings.exceptions
        where exceptions.subject_id = bookings.id
            and exceptions.subject = 'booking'
            and exceptions.kind in ('ambiguous_order_link', 'failed_order_only')
            and exceptions.resolved_at is null
    )
