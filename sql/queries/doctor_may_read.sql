-- One row when the role that connects may read the app's tables that are counted.
select 1 as may_read
where
    has_table_privilege('public.bookings_booking', 'select')
    and has_table_privilege('public.payments_order', 'select')
    and has_table_privilege('public.payments_earningstransaction', 'select')
