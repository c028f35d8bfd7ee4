-- One row per month, currency and status: the ledger by the month in which the service
-- takes or took place (a job may mark it delivered much later), in the status that the
-- row has now.  The history opens at install, so what the statuses were at the
-- end of an earlier month is not known, and is not guessed.

with

earnings as (

    select
        currency,
        status,
        gross_cents,
        commission_cents,
        net_cents,
        date_trunc('month', served_at at time zone 'UTC')::date as month_on
    from {{ ref('int_earnings__dated') }}

),

summed as (

    select
        month_on,
        currency,
        status,
        count(*) as row_count,
        sum(gross_cents)::bigint as gross_cents,
        sum(commission_cents)::bigint as commission_cents,
        sum(net_cents)::bigint as net_cents
    from earnings
    group by month_on, currency, status

)

select * from summed
