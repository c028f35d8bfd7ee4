-- One row per practitioner, currency and day (UTC): what was projected, pending, available
-- and paid when the day ended, from the history.  The days run from the first entry of the
-- practitioner to the day of the build; a day that the watermark has not passed is not final.
-- A new build carries the last final day on.

{{
    config(
        materialized='incremental',
        unique_key='day_on',
        incremental_strategy='delete+insert',
        on_schema_change='fail',
    )
}}

with

watermark as (

    select final_until
    from {{ ref('stg_earnings__watermark') }}

),

-- The balances that the days to come start from.
carried as (

    {% if is_incremental() %}
        select
            practitioner_id,
            currency,
            day_on,
            projected_cents,
            pending_cents,
            available_cents,
            paid_cents,
            reversed_cents
        from {{ this }}
        where day_on = (select max(known.day_on) from {{ this }} as known where known.is_final)
    {% else %}
        select
            null::bigint as practitioner_id,
            null::text as currency,
            null::date as day_on,
            null::bigint as projected_cents,
            null::bigint as pending_cents,
            null::bigint as available_cents,
            null::bigint as paid_cents,
            null::bigint as reversed_cents
        where false
    {% endif %}

),

beginning as (

    select coalesce(max(day_on), '-infinity') as carried_on
    from carried

),

postings as (

    select
        practitioner_id,
        currency,
        status,
        net_cents,
        (stamped_at at time zone 'UTC')::date as day_on
    from {{ ref('int_transitions__posted') }}
    where stamped_at >= (select (beginning.carried_on + 1)::timestamp from beginning) at time zone 'UTC'

),

movements as (

    select
        practitioner_id,
        currency,
        day_on,
        coalesce(sum(net_cents) filter (where status = 'projected'), 0) as projected_cents,
        coalesce(sum(net_cents) filter (where status = 'pending'), 0) as pending_cents,
        coalesce(sum(net_cents) filter (where status = 'available'), 0) as available_cents,
        coalesce(sum(net_cents) filter (where status = 'paid'), 0) as paid_cents,
        coalesce(sum(net_cents) filter (where status = 'reversed'), 0) as reversed_cents
    from postings
    group by practitioner_id, currency, day_on

    union all

    select
        practitioner_id,
        currency,
        day_on,
        projected_cents,
        pending_cents,
        available_cents,
        paid_cents,
        reversed_cents
    from carried

),

accounts as (

    select
        practitioner_id,
        currency,
        min(day_on) as first_on
    from movements
    group by practitioner_id, currency

),

horizon as (

    select greatest(max(movements.day_on), max((watermark.final_until at time zone 'UTC')::date)) as last_on
    from movements
    cross join watermark

),

days as (

    select
        accounts.practitioner_id,
        accounts.currency,
        days.day_on::date as day_on
    from accounts
    cross join horizon
    cross join lateral generate_series(
        accounts.first_on::timestamp, horizon.last_on::timestamp, interval '1 day'
    ) as days (day_on)

),

balances as (

    select
        days.practitioner_id,
        days.currency,
        days.day_on,
        sum(coalesce(movements.projected_cents, 0)) over account_until_then as projected_cents,
        sum(coalesce(movements.pending_cents, 0)) over account_until_then as pending_cents,
        sum(coalesce(movements.available_cents, 0)) over account_until_then as available_cents,
        sum(coalesce(movements.paid_cents, 0)) over account_until_then as paid_cents,
        sum(coalesce(movements.reversed_cents, 0)) over account_until_then as reversed_cents
    from days
    left join movements
        on
            days.practitioner_id = movements.practitioner_id
            and days.currency = movements.currency
            and days.day_on = movements.day_on
    window account_until_then as (partition by days.practitioner_id, days.currency order by days.day_on)

),

marked as (

    select
        balances.practitioner_id,
        balances.currency,
        balances.day_on,
        balances.projected_cents::bigint as projected_cents,
        balances.pending_cents::bigint as pending_cents,
        balances.available_cents::bigint as available_cents,
        balances.paid_cents::bigint as paid_cents,
        balances.reversed_cents::bigint as reversed_cents,
        coalesce((balances.day_on + 1)::timestamp at time zone 'UTC' <= watermark.final_until, false) as is_final
    from balances
    cross join watermark
    cross join beginning
    where balances.day_on > beginning.carried_on

)

select * from marked
