-- One row per step, table, operation, reason, currency and change of status: what the
-- data migration did, in rows and in cents of net earnings.

with

row_changes as (

    select
        id,
        step,
        table_name,
        row_id,
        operation,
        reason,
        upper(currency) as currency,
        before,
        after,
        changed_at,
        reverted_at
    from {{ source('earnings_migration', 'row_changes') }}

),

earnings as (

    select
        earnings_id,
        net_cents,
        currency
    from {{ ref('stg_marketplace__earnings') }}

),

-- Only changed columns are kept.  What a row was worth just after a change is in that
-- change, else in the "before" of the next change of its net, else in the ledger.
changes as (

    select
        id,
        step,
        table_name,
        row_id,
        operation,
        reason,
        currency,
        before ->> 'status' as from_status,
        after ->> 'status' as to_status,
        (before ->> 'net_amount_cents')::integer as net_before_cents,
        (after ->> 'net_amount_cents')::integer as net_after_cents,
        changed_at,
        reverted_at,
        (
            array_agg((before ->> 'net_amount_cents')::integer)
            filter (where before ? 'net_amount_cents')
                over (
                    partition by table_name, row_id
                    order by id
                    rows between 1 following and unbounded following
                )
        )[1] as next_net_before_cents
    from row_changes

),

valued as (

    select
        changes.step,
        changes.table_name,
        changes.operation,
        changes.reason,
        changes.row_id,
        coalesce(changes.currency, upper(earnings.currency)) as currency,
        case when changes.table_name = 'payments_earningstransaction' then changes.from_status end as from_status,
        case when changes.table_name = 'payments_earningstransaction' then changes.to_status end as to_status,
        case
            when changes.table_name = 'payments_earningstransaction' and changes.operation = 'delete'
                then changes.net_before_cents
            when changes.table_name = 'payments_earningstransaction'
                then coalesce(changes.net_after_cents, changes.next_net_before_cents, earnings.net_cents)
        end as net_cents,
        changes.changed_at,
        changes.reverted_at
    from changes
    left join earnings
        on changes.row_id = earnings.earnings_id and changes.table_name = 'payments_earningstransaction'

),

summed as (

    select
        step,
        table_name,
        operation,
        reason,
        currency,
        from_status,
        to_status,
        count(*) as row_count,
        count(*) filter (where reverted_at is not null) as reverted_count,
        coalesce(sum(net_cents) filter (where reverted_at is null), 0)::bigint as net_cents,
        min(changed_at) as first_changed_at,
        max(changed_at) as last_changed_at
    from valued
    group by step, table_name, operation, reason, currency, from_status, to_status

)

select * from summed
