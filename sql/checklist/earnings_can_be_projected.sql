-- The app's table takes the status projected, and no status that no rule knows.

select
    'check' as subject,
    null::bigint as subject_id,
    format('the status %s is %s', statuses.status, statuses.offence) as detail
from (
    select
        known.status,
        'refused' as offence
    from (values ('projected'), ('pending'), ('available'), ('paid'), ('reversed')) as known (status)
    where not exists (
            select
            from pg_catalog.pg_constraint as constraints
            where constraints.conrelid = 'public.payments_earningstransaction'::regclass
                and constraints.conname = 'payments_earningstransaction_status_check'
                and constraints.convalidated
                and strpos(pg_catalog.pg_get_constraintdef(constraints.oid), quote_literal(known.status)) > 0
        )
) as statuses
