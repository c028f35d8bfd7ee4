-- Columns that only the app's earlier version writes, where they are required and have no default.

select
    'bookings_booking' as subject,
    null::bigint as subject_id,
    format('column %s is required and has no default', attname) as offence
from pg_attribute
where attrelid = 'public.bookings_booking'::regclass
    and attname in ('package_name_snapshot', 'bundle_name_snapshot')
    and attnotnull
    and not atthasdef
    and not attisdropped
