-- Every booking that was sold since the migration began has its order, or it is reported. One that
-- is not paid yet, or is free, may have none.

select
    'booking' as subject,
    bookings.id as subject_id,
    format('made at %s, %s, and no order', bookings.created_at, bookings.payment_status) as detail
from public.bookings_booking as bookings
inner join earnings_migration.legacy_rows
    on legacy_rows.table_name = 'bookings_booking' and not legacy_rows.ids @> bookings.id
where bookings.order_id is null
    and bookings.payment_status <> 'unpaid'
    and bookings.price_charged_cents > 0
    and not exists (
        select
        from earnings.exceptions
        where exceptions.subject_id = bookings.id
            and exceptions.subject = 'booking'
            and exceptions.kind in ('ambiguous_order_link', 'failed_order_only')
            and exceptions.resolved_at is null
    )
