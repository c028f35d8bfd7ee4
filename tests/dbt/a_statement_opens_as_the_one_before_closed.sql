-- Assumes that statements follow each other month by month.  If it fails, a practitioner was
-- told two different balances for one moment.

with

statements as (

    select
        practitioner_id,
        currency,
        month_on,
        opening_cents,
        lag(closing_cents, 1, 0::bigint) over account as closing_before_cents,
        lag(month_on) over account as month_before_on
    from {{ ref('practitioner_statements') }}
    window account as (partition by practitioner_id, currency order by month_on)

)

select *
from statements
where
    opening_cents <> closing_before_cents
    or month_before_on <> month_on - interval '1 month'
