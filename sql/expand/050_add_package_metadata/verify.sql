-- The column payments_order.package_metadata, where it is missing.

select
    'payments_order' as subject,
    null::bigint as subject_id,
    'column package_metadata is missing' as offence
where not exists (
        select
        from pg_attribute
        where attrelid = 'public.payments_order'::regclass
            and attname = 'package_metadata'
            and not attisdropped
    )
