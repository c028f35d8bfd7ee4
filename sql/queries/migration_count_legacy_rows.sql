-- Keeps which rows there are before the migration changes any (R25), unless that is kept already.

insert into earnings_migration.legacy_rows (table_name, ids)
select
    counted.table_name,
    counted.ids
from (
    select
        'bookings_booking' as table_name,
        coalesce(range_agg(int8range(id, id, '[]')), '{}') as ids
    from public.bookings_booking

    union all

    select
        'payments_order' as table_name,
        coalesce(range_agg(int8range(id, id, '[]')), '{}') as ids
    from public.payments_order

    union all

    select
        'payments_earningstransaction' as table_name,
        coalesce(range_agg(int8range(id, id, '[]')), '{}') as ids
    from public.payments_earningstransaction
) as counted
where not exists (select from earnings_migration.legacy_rows);
