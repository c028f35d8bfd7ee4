-- The foreign key of bookings_booking.order_id, where it is missing or not yet valid.

with

found as (

    select coalesce(bool_or(constraints.convalidated), false) as is_valid
    from pg_constraint as constraints
    inner join pg_attribute as columns
        on constraints.conrelid = columns.attrelid and constraints.conkey = array[columns.attnum]
    where constraints.contype = 'f'
        and constraints.conrelid = 'public.bookings_booking'::regclass
        and constraints.confrelid = 'public.payments_order'::regclass
        and columns.attname = 'order_id'
    having count(*) > 0

)

select
    'bookings_booking' as subject,
    null::bigint as subject_id,
    'foreign key of order_id is missing' as offence
where not exists (select from found)

union all

select
    'bookings_booking' as subject,
    null::bigint as subject_id,
    'foreign key of order_id is not valid' as offence
from found
where not found.is_valid
