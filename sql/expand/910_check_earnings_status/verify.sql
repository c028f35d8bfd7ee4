-- The check payments_earningstransaction_status_check, where it is missing or not yet valid.

with

found as (

    select constraints.convalidated as is_valid
    from pg_constraint as constraints
    where constraints.conrelid = 'public.payments_earningstransaction'::regclass
        and constraints.conname = 'payments_earningstransaction_status_check'

)

select
    'payments_earningstransaction' as subject,
    null::bigint as subject_id,
    'check payments_earningstransaction_status_check is missing' as offence
where not exists (select from found)

union all

select
    'payments_earningstransaction' as subject,
    null::bigint as subject_id,
    'check payments_earningstransaction_status_check is not valid' as offence
from found
where not found.is_valid
