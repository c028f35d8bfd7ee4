-- Keeps aside what the dropped columns hold, and what hangs on them.

insert into earnings.purchase_bookings (booking_id, order_id, kind)
select
    bookings.id,
    bookings.order_id,
    case when bookings.is_bundle_purchase then 'bundle' else 'package' end
from public.bookings_booking as bookings
where bookings.is_package_purchase or bookings.is_bundle_purchase
on conflict (booking_id) do nothing;

insert into earnings_migration.kept_bookings (booking_id, dropped_values)
select
    bookings.id,
    jsonb_strip_nulls(
        jsonb_build_object(
            'parent_booking_id', bookings.parent_booking_id,
            'is_package_purchase', bookings.is_package_purchase,
            'is_bundle_purchase', bookings.is_bundle_purchase,
            'payment_transaction_id', to_jsonb(bookings) -> 'payment_transaction_id'
        )
    )
from public.bookings_booking as bookings
where bookings.parent_booking_id is not null
    or bookings.is_package_purchase
    or bookings.is_bundle_purchase
    or to_jsonb(bookings) ->> 'payment_transaction_id' is not null;

insert into earnings_migration.kept_objects (kind, name, definition)
select
    'column',
    columns.attname,
    format(
        '%I %s%s',
        columns.attname,
        format_type(columns.atttypid, columns.atttypmod),
        case when columns.attnotnull then ' not null default false' else '' end
    )
from pg_attribute as columns
where columns.attrelid = 'public.bookings_booking'::regclass
    and columns.attname in (
        'parent_booking_id', 'is_package_purchase', 'is_bundle_purchase', 'payment_transaction_id'
    )
    and not columns.attisdropped
order by columns.attnum;

insert into earnings_migration.kept_objects (kind, name, definition)
select distinct
    'constraint',
    constraints.conname,
    pg_get_constraintdef(constraints.oid)
from pg_constraint as constraints
inner join pg_attribute as columns
    on constraints.conrelid = columns.attrelid and columns.attnum = any(constraints.conkey)
where constraints.conrelid = 'public.bookings_booking'::regclass
    and columns.attname in (
        'parent_booking_id', 'is_package_purchase', 'is_bundle_purchase', 'payment_transaction_id'
    )
    and constraints.contype in ('c', 'f');

insert into earnings_migration.kept_objects (kind, name, definition)
select distinct
    'index',
    relations.relname,
    pg_get_indexdef(indexes.indexrelid)
from pg_index as indexes
inner join pg_class as relations on indexes.indexrelid = relations.oid
inner join pg_attribute as columns
    on indexes.indrelid = columns.attrelid and columns.attnum = any(indexes.indkey)
where indexes.indrelid = 'public.bookings_booking'::regclass
    and columns.attname in (
        'parent_booking_id', 'is_package_purchase', 'is_bundle_purchase', 'payment_transaction_id'
    );
