-- One row per practitioner, currency and status: legacy, what the migration and live traffic
-- moved, what there is now, and what of it nothing accounts for (R25).

with

bridge as (

    select
        practitioner_id,
        currency,
        status,
        part,
        net_cents,
        row_count
    from {{ ref('int_balance_bridge__posted') }}

),

summed as (

    select
        practitioner_id,
        currency,
        status,
        coalesce(sum(net_cents) filter (where part = 'legacy'), 0)::bigint as legacy_cents,
        coalesce(sum(net_cents) filter (where part not in ('legacy', 'live traffic', 'now')), 0)::bigint
            as migration_cents,
        coalesce(sum(net_cents) filter (where part = 'live traffic'), 0)::bigint as live_cents,
        coalesce(sum(net_cents) filter (where part = 'now'), 0)::bigint as now_cents,
        sum(case part when 'now' then net_cents else -net_cents end)::bigint as residual_cents,
        coalesce(sum(row_count) filter (where part = 'now'), 0)::bigint as row_count,
        sum(case part when 'now' then row_count else -row_count end)::bigint as residual_row_count
    from bridge
    group by practitioner_id, currency, status

)

select * from summed
