-- Once contract is done, the columns that it drops are gone.

select
    'column' as subject,
    null::bigint as subject_id,
    format('bookings_booking.%s is there', columns.attname) as detail
from pg_catalog.pg_attribute as columns
where columns.attrelid = 'public.bookings_booking'::regclass
    and columns.attname in (
        'parent_booking_id', 'is_package_purchase', 'is_bundle_purchase', 'payment_transaction_id'
    )
    and not columns.attisdropped
    and exists (
        select
        from earnings_migration.steps
        where steps.step = 'contract' and steps.state = 'done'
    )
