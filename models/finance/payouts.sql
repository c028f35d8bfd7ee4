-- One row per payout: what it says it paid, what the earnings are worth that belong to it,
-- and the difference.  A payout that failed or was canceled gives its earnings back (R21).
-- Earnings in another currency than the payout's are counted, and never added to it.

with

payouts as (

    select
        payout_id,
        practitioner_id,
        status,
        currency,
        net_cents,
        commission_cents,
        created_at,
        paid_at
    from {{ ref('stg_marketplace__payouts') }}

),

earnings as (

    select
        payout_id,
        practitioner_id,
        currency,
        net_cents,
        commission_cents
    from {{ ref('stg_marketplace__earnings') }}
    where payout_id is not null

),

practitioners as (

    select
        practitioner_id,
        practitioner_name
    from {{ ref('stg_marketplace__practitioners') }}

),

summed as (

    select
        earnings.payout_id,
        count(*) as earnings_count,
        sum(earnings.net_cents) filter (where earnings.currency = payouts.currency)::bigint as earnings_cents,
        sum(earnings.commission_cents) filter (where earnings.currency = payouts.currency)::bigint
            as earnings_commission_cents,
        count(*) filter (
            where
            earnings.practitioner_id is distinct from payouts.practitioner_id
            or earnings.currency is distinct from payouts.currency
        ) as foreign_count
    from earnings
    inner join payouts on earnings.payout_id = payouts.payout_id
    group by earnings.payout_id

),

compared as (

    select
        payouts.payout_id,
        payouts.practitioner_id,
        practitioners.practitioner_name,
        payouts.status,
        payouts.status in ('failed', 'canceled') as is_stopped,
        payouts.currency,
        payouts.net_cents as stated_cents,
        case when payouts.status in ('failed', 'canceled') then 0 else coalesce(payouts.net_cents, 0) end
            as expected_cents,
        coalesce(summed.earnings_cents, 0) as earnings_cents,
        (
            case when payouts.status in ('failed', 'canceled') then 0 else coalesce(payouts.net_cents, 0) end
            - coalesce(summed.earnings_cents, 0)
        )::bigint as difference_cents,
        payouts.commission_cents as stated_commission_cents,
        coalesce(summed.earnings_commission_cents, 0) as earnings_commission_cents,
        coalesce(summed.earnings_count, 0) as earnings_count,
        coalesce(summed.foreign_count, 0) as foreign_count,
        payouts.created_at,
        payouts.paid_at
    from payouts
    left join summed on payouts.payout_id = summed.payout_id
    left join practitioners on payouts.practitioner_id = practitioners.practitioner_id

)

select * from compared
