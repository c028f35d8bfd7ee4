-- The trigger that keeps both names of the credit link equal, where both exist and it does not.

select
    'bookings_booking' as subject,
    null::bigint as subject_id,
    'trigger earnings_050_pair_credit_links is missing' as offence
where (
    select count(*) = 2
    from pg_attribute
    where attrelid = 'public.bookings_booking'::regclass
        and attname in ('payment_transaction_id', 'credit_usage_transaction_id')
        and not attisdropped
)
and not exists (
    select
    from pg_trigger
    where tgrelid = 'public.bookings_booking'::regclass
        and tgname = 'earnings_050_pair_credit_links'
)
