-- The index payments_earningstransaction_one_live_delivery_row, where it is not there and valid.

select
    'payments_earningstransaction' as subject,
    null::bigint as subject_id,
    'index payments_earningstransaction_one_live_delivery_row is missing' as offence
where not exists (
        select
        from pg_index as indexes
        inner join pg_class as relations on indexes.indexrelid = relations.oid
        where indexes.indrelid = 'public.payments_earningstransaction'::regclass
            and indexes.indisvalid
            and relations.relname = 'payments_earningstransaction_one_live_delivery_row'
    )
