-- earnings.commission_rate(practitioner_id, service_id, as_of)
--
-- The commission in percent that a practitioner pays for a service (R5): the newest
-- active base rate of the service's type plus the adjustment of the tier of the
-- first active subscription, clamped to 0..100.  Without a base rate it is 15.00
-- and the tier does not count.
--
-- Reads     public.services_service, service_type_commissions,
--           practitioner_subscriptions, subscription_tiers, tier_commission_adjustments

create or replace function earnings.commission_rate(
    practitioner_id bigint,
    service_id bigint,
    as_of timestamptz
)
returns numeric(5, 2)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    with

    base as (

        select commissions.id, commissions.base_rate
        from public.services_service as services
        inner join public.service_type_commissions as commissions
            on services.service_type_id = commissions.service_type_id
        where services.id = commission_rate.service_id
            and commissions.is_active
        order by commissions.created_at desc, commissions.id desc
        limit 1

    ),

    subscription as (

        select subscriptions.tier_id
        from public.practitioner_subscriptions as subscriptions
        inner join public.subscription_tiers as tiers on subscriptions.tier_id = tiers.id
        where subscriptions.practitioner_id = commission_rate.practitioner_id
            and subscriptions.status || '' = 'active'
            and tiers.is_active
            and (subscriptions.end_date is null or subscriptions.end_date > commission_rate.as_of)
        order by subscriptions.id
        limit 1

    ),

    adjustment as (

        select adjustments.adjustment_percentage
        from subscription
        inner join public.tier_commission_adjustments as adjustments
            on subscription.tier_id = adjustments.tier_id
        inner join base on adjustments.service_type_commission_id = base.id
        where adjustments.is_active

    )

    select coalesce(
        (
            select greatest(
                0,
                least(100, base.base_rate + coalesce((select adjustment_percentage from adjustment), 0))
            )
            from base
        ),
        15.00
    )::numeric(5, 2);
$$;

comment on function earnings.commission_rate(bigint, bigint, timestamptz)
is 'The commission in percent that a practitioner pays for a service at a moment (R5).';
