-- payments_order.package_metadata is there.

select
    'column' as subject,
    null::bigint as subject_id,
    'payments_order.package_metadata is missing' as detail
where not exists (
        select
        from pg_catalog.pg_attribute
        where attrelid = 'public.payments_order'::regclass
            and attname = 'package_metadata'
            and not attisdropped
    )
