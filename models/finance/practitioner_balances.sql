-- One row per practitioner and currency: what the ledger says, and what the app's cached
-- balance says.  The cache knows one currency, the platform's; the others have none.

with

earnings as (

    select
        practitioner_id,
        currency,
        status,
        net_cents,
        available_at,
        case
            when status = 'pending'
                then min(available_at) filter (where status = 'pending') over (partition by practitioner_id, currency)
        end as next_release_at
    from {{ ref('stg_marketplace__earnings') }}

),

settings as (

    select currency
    from {{ ref('stg_earnings__settings') }}

),

cached as (

    select
        balances.practitioner_id,
        settings.currency,
        balances.pending_cents::bigint as pending_cents,
        balances.available_cents::bigint as available_cents,
        balances.lifetime_cents::bigint as lifetime_cents
    from {{ ref('stg_marketplace__cached_balances') }} as balances
    cross join settings

),

practitioners as (

    select
        practitioner_id,
        practitioner_name
    from {{ ref('stg_marketplace__practitioners') }}

),

summed as (

    select
        practitioner_id,
        currency,
        coalesce(sum(net_cents) filter (where status = 'projected'), 0)::bigint as projected_cents,
        coalesce(sum(net_cents) filter (where status = 'pending'), 0)::bigint as pending_cents,
        coalesce(sum(net_cents) filter (where status = 'available'), 0)::bigint as available_cents,
        coalesce(sum(net_cents) filter (where status = 'paid'), 0)::bigint as paid_cents,
        coalesce(sum(net_cents) filter (where status = 'reversed'), 0)::bigint as reversed_cents,
        min(next_release_at) as next_release_at,
        coalesce(sum(net_cents) filter (where available_at = next_release_at), 0)::bigint as next_release_cents
    from earnings
    group by practitioner_id, currency

),

joined as (

    select
        coalesce(summed.practitioner_id, cached.practitioner_id) as practitioner_id,
        coalesce(summed.currency, cached.currency) as currency,
        coalesce(summed.projected_cents, 0) as projected_cents,
        coalesce(summed.pending_cents, 0) as pending_cents,
        coalesce(summed.available_cents, 0) as available_cents,
        coalesce(summed.paid_cents, 0) as paid_cents,
        coalesce(summed.reversed_cents, 0) as reversed_cents,
        coalesce(summed.pending_cents + summed.available_cents + summed.paid_cents, 0) as lifetime_cents,
        summed.next_release_at,
        coalesce(summed.next_release_cents, 0) as next_release_cents,
        cached.pending_cents as cached_pending_cents,
        cached.available_cents as cached_available_cents,
        cached.lifetime_cents as cached_lifetime_cents
    from summed
    full outer join cached
        on summed.practitioner_id = cached.practitioner_id and summed.currency = cached.currency

),

compared as (

    select
        joined.practitioner_id,
        joined.currency,
        coalesce(practitioners.practitioner_name, 'practitioner ' || joined.practitioner_id) as practitioner_name,
        joined.projected_cents,
        joined.pending_cents,
        joined.available_cents,
        joined.paid_cents,
        joined.reversed_cents,
        joined.lifetime_cents,
        joined.next_release_at,
        joined.next_release_cents,
        joined.cached_pending_cents,
        joined.cached_available_cents,
        joined.cached_lifetime_cents,
        joined.cached_pending_cents - joined.pending_cents as pending_drift_cents,
        joined.cached_available_cents - joined.available_cents as available_drift_cents,
        joined.cached_lifetime_cents - joined.lifetime_cents as lifetime_drift_cents
    from joined
    left join practitioners on joined.practitioner_id = practitioners.practitioner_id

)

select * from compared
