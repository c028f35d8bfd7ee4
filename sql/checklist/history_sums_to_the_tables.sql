-- Practitioner, currency and status for which the history does not add up to the rows (R19).

with

postings as (

    select
        practitioner_id,
        currency,
        to_status as status,
        net_amount_cents
    from earnings.transitions
    where to_status is not null

    union all

    select
        practitioner_id,
        currency,
        from_status as status,
        -from_net_amount_cents as net_amount_cents
    from earnings.transitions
    where from_status is not null

    union all

    select
        practitioner_id,
        currency,
        status,
        -net_amount_cents as net_amount_cents
    from public.payments_earningstransaction

)

select
    'practitioner' as subject,
    practitioner_id as subject_id,
    format('%s %s: the history differs by %s', status, currency, sum(net_amount_cents)) as detail
from postings
group by practitioner_id, currency, status
having sum(net_amount_cents) <> 0
