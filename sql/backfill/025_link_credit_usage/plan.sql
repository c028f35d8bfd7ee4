-- One row per booking whose credit usage row is known (R15): under the column's old name,
-- or because credits were applied to a direct booking and one usage row names it.

with

bookings_found as (

    select
        bookings.id,
        bookings.practitioner_id,
        bookings.discount_amount_cents,
        bookings.is_package_purchase
        or bookings.is_bundle_purchase
        or bookings.parent_booking_id is not null as is_package,
        images.image ? 'payment_transaction_id' as has_old_name,
        (images.image ->> 'payment_transaction_id')::bigint as payment_transaction_id
    from bookings_booking as bookings
    cross join lateral to_jsonb(bookings) as images (image)
    where bookings.id > current_setting('earnings_migration.after_id')::bigint
        and bookings.id <= current_setting('earnings_migration.until_id')::bigint
        and bookings.credit_usage_transaction_id is null

),

usage_found as (

    select
        bookings_found.id,
        min(credits.id) as credit_usage_transaction_id
    from bookings_found
    inner join payments_usercredittransaction as credits on bookings_found.id = credits.booking_id
    where bookings_found.payment_transaction_id is null
        and bookings_found.discount_amount_cents > 0
        and not bookings_found.is_package
        and credits.transaction_type = 'usage'
    group by bookings_found.id
    having count(*) = 1

)

select
    'bookings_booking' as table_name,
    bookings_found.id as row_id,
    'update' as operation,
    case
        when bookings_found.payment_transaction_id is null then 'credit_usage_found'
        else 'credit_usage_renamed'
    end as reason,
    bookings_found.practitioner_id,
    null as currency,
    null::bigint as amount_cents,
    case
        when bookings_found.has_old_name
            then jsonb_build_object(
                    'credit_usage_transaction_id', null,
                    'payment_transaction_id', bookings_found.payment_transaction_id
                )
        else jsonb_build_object('credit_usage_transaction_id', null)
    end as before,
    case
        when bookings_found.has_old_name
            then jsonb_build_object(
                    'credit_usage_transaction_id',
                    coalesce(bookings_found.payment_transaction_id, usage_found.credit_usage_transaction_id),
                    'payment_transaction_id',
                    coalesce(bookings_found.payment_transaction_id, usage_found.credit_usage_transaction_id)
                )
        else jsonb_build_object('credit_usage_transaction_id', usage_found.credit_usage_transaction_id)
    end as after
from bookings_found
left join usage_found on bookings_found.id = usage_found.id
where bookings_found.payment_transaction_id is not null
    or usage_found.credit_usage_transaction_id is not null
