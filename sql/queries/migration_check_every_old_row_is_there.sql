-- Bookings and orders that were there when the migration began and are gone, and earnings that are
-- gone without an entry in the history (R25).

with

there as (

    select
        'bookings_booking' as table_name,
        id
    from public.bookings_booking

    union all

    select
        'payments_order' as table_name,
        id
    from public.payments_order

    union all

    select
        'payments_earningstransaction' as table_name,
        id
    from public.payments_earningstransaction

    union all

    select
        'payments_earningstransaction' as table_name,
        earnings_id as id
    from earnings.transitions
    where event = 'deleted'

)

select
    case legacy_rows.table_name
        when 'bookings_booking' then 'booking'
        when 'payments_order' then 'order'
        else 'earnings'
    end as subject,
    old_ids.id as subject_id,
    'it was there when the migration began, and is gone' as offence
from earnings_migration.legacy_rows
cross join unnest(legacy_rows.ids) as stretches (stretch)
cross join generate_series(lower(stretches.stretch), upper(stretches.stretch) - 1) as old_ids (id)
where not exists (
        select
        from there
        where there.table_name = legacy_rows.table_name and there.id = old_ids.id
    )
