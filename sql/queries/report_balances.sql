-- One row per practitioner with the largest balance (pending and available), per currency,
-- with the number of all.

with

placed as (

    select
        practitioner_id,
        practitioner_name,
        currency,
        projected_cents,
        pending_cents,
        available_cents,
        paid_cents,
        next_release_at,
        count(*) over (partition by currency) as all_count,
        row_number() over (
            partition by currency
            order by abs(pending_cents + available_cents) desc, paid_cents desc, practitioner_id asc
        ) as place
    from finance.practitioner_balances

)

select *
from placed
where place <= %(shown)s
order by currency, place
