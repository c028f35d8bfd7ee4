-- Assumes that every change of what is owed stands in the history, with one cause.  If it
-- fails, the statements owe practitioners more or less than their balance by the difference.

with

statements as (

    select distinct on (practitioner_id, currency)
        practitioner_id,
        currency,
        closing_cents
    from {{ ref('practitioner_statements') }}
    order by practitioner_id asc, currency asc, month_on desc

),

balances as (

    select
        practitioner_id,
        currency,
        pending_cents + available_cents as owed_cents
    from {{ ref('practitioner_balances') }}

)

select
    coalesce(statements.practitioner_id, balances.practitioner_id) as practitioner_id,
    coalesce(statements.currency, balances.currency) as currency,
    statements.closing_cents,
    balances.owed_cents
from statements
full outer join balances
    on statements.practitioner_id = balances.practitioner_id and statements.currency = balances.currency
where coalesce(statements.closing_cents, 0) <> coalesce(balances.owed_cents, 0)
