-- Which of the columns that tell the app's forms apart are there, and may be null; one row.
with

columns as (

    select
        attributes.attrelid::regclass::text as table_name,
        attributes.attname as column_name,
        attributes.attnotnull as is_not_null
    from pg_catalog.pg_attribute as attributes
    where
        attributes.attrelid in (
            to_regclass('public.bookings_booking'), to_regclass('public.payments_order')
        )
        and attributes.attnum > 0
        and not attributes.attisdropped

)

select
    count(*) filter (where column_name = 'payment_transaction_id') > 0 as has_old_credit_link,
    count(*) filter (where column_name = 'credit_usage_transaction_id') > 0 as has_new_credit_link,
    count(*) filter (where column_name = 'order_id') > 0 as has_order_link,
    count(*) filter (where column_name = 'package_metadata') > 0 as has_package_metadata,
    count(*) filter (where column_name = 'meeting_url') > 0 as has_meeting_url,
    count(*) filter (
        where column_name in ('parent_booking_id', 'is_package_purchase', 'is_bundle_purchase')
    ) = 3 as has_parents,
    count(*) filter (
        where column_name in ('start_time', 'end_time') and is_not_null
    ) > 0 as has_required_times
from columns
