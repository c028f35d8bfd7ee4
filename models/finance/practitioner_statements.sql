-- One row per practitioner, currency and month (UTC): what was owed when the month began,
-- what moved it, and what was owed when it ended, from the history.
-- opening + brought in + earned + adjusted + corrected - reversed - clawed back - paid = closing.
-- A month that the watermark has not passed is not final.

with

changes as (

    select
        practitioner_id,
        currency,
        cause,
        earned_change_cents,
        paid_change_cents,
        owed_change_cents,
        date_trunc('month', stamped_at at time zone 'UTC')::date as month_on
    from {{ ref('int_transitions__explained') }}

),

watermark as (

    select final_until
    from {{ ref('stg_earnings__watermark') }}

),

practitioners as (

    select
        practitioner_id,
        practitioner_name
    from {{ ref('stg_marketplace__practitioners') }}

),

movements as (

    select
        practitioner_id,
        currency,
        month_on,
        coalesce(sum(earned_change_cents) filter (where cause = 'brought_in'), 0) as brought_in_cents,
        coalesce(sum(earned_change_cents) filter (where cause = 'earned'), 0) as earned_cents,
        coalesce(sum(earned_change_cents) filter (where cause = 'adjusted'), 0) as adjusted_cents,
        coalesce(sum(earned_change_cents) filter (where cause = 'corrected'), 0) as corrected_cents,
        -coalesce(sum(earned_change_cents) filter (where cause = 'reversed'), 0) as reversed_cents,
        -coalesce(sum(earned_change_cents) filter (where cause = 'clawed_back'), 0) as clawed_back_cents,
        sum(paid_change_cents) as paid_cents,
        sum(owed_change_cents) as owed_change_cents
    from changes
    group by practitioner_id, currency, month_on

),

accounts as (

    select
        practitioner_id,
        currency,
        min(month_on) as first_on
    from movements
    group by practitioner_id, currency

),

horizon as (

    select
        greatest(
            max(movements.month_on), max(date_trunc('month', watermark.final_until at time zone 'UTC')::date)
        ) as last_on
    from movements
    cross join watermark

),

months as (

    select
        accounts.practitioner_id,
        accounts.currency,
        months.month_on::date as month_on
    from accounts
    cross join horizon
    cross join lateral generate_series(
        accounts.first_on::timestamp, horizon.last_on::timestamp, interval '1 month'
    ) as months (month_on)

),

balances as (

    select
        months.practitioner_id,
        months.currency,
        months.month_on,
        coalesce(movements.brought_in_cents, 0) as brought_in_cents,
        coalesce(movements.earned_cents, 0) as earned_cents,
        coalesce(movements.adjusted_cents, 0) as adjusted_cents,
        coalesce(movements.corrected_cents, 0) as corrected_cents,
        coalesce(movements.reversed_cents, 0) as reversed_cents,
        coalesce(movements.clawed_back_cents, 0) as clawed_back_cents,
        coalesce(movements.paid_cents, 0) as paid_cents,
        coalesce(movements.owed_change_cents, 0) as owed_change_cents,
        sum(coalesce(movements.owed_change_cents, 0)) over account_until_then as closing_cents
    from months
    left join movements
        on
            months.practitioner_id = movements.practitioner_id
            and months.currency = movements.currency
            and months.month_on = movements.month_on
    window account_until_then as (partition by months.practitioner_id, months.currency order by months.month_on)

),

stated as (

    select
        balances.practitioner_id,
        balances.currency,
        balances.month_on,
        coalesce(practitioners.practitioner_name, 'practitioner ' || balances.practitioner_id) as practitioner_name,
        (balances.closing_cents - balances.owed_change_cents)::bigint as opening_cents,
        balances.brought_in_cents::bigint as brought_in_cents,
        balances.earned_cents::bigint as earned_cents,
        balances.adjusted_cents::bigint as adjusted_cents,
        balances.corrected_cents::bigint as corrected_cents,
        balances.reversed_cents::bigint as reversed_cents,
        balances.clawed_back_cents::bigint as clawed_back_cents,
        balances.paid_cents::bigint as paid_cents,
        balances.closing_cents::bigint as closing_cents,
        coalesce(
            (balances.month_on + interval '1 month') at time zone 'UTC' <= watermark.final_until, false
        ) as is_final
    from balances
    cross join watermark
    left join practitioners on balances.practitioner_id = practitioners.practitioner_id

)

select * from stated
