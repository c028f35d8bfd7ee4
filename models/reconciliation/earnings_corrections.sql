-- One row per earnings row that the migration changed and that stands: what it was before the
-- first of its changes, what it was after the last, and the reason of each (R25).

with

row_changes as (

    select
        id,
        step,
        row_id as earnings_id,
        operation,
        reason,
        practitioner_id,
        currency,
        before,
        after,
        changed_at
    from {{ source('earnings_migration', 'row_changes') }}
    where table_name = 'payments_earningstransaction' and reverted_at is null

),

earnings as (

    select
        earnings_id,
        booking_id,
        gross_cents
    from {{ ref('stg_marketplace__earnings') }}

),

-- Status and net are in every image, the gross only where it changed.
folded as (

    select
        earnings_id,
        min(practitioner_id) as practitioner_id,
        min(upper(currency))::text as currency,
        bool_or(operation = 'insert') as is_created,
        (array_agg(before ->> 'status' order by id))[1] as status_before,
        (array_agg(after ->> 'status' order by id desc))[1] as status_after,
        (array_agg((before ->> 'net_amount_cents')::integer order by id))[1] as net_before_cents,
        (array_agg((after ->> 'net_amount_cents')::integer order by id desc))[1] as net_after_cents,
        (
            array_agg((before ->> 'gross_amount_cents')::integer order by id)
            filter (where before ? 'gross_amount_cents')
        )[1] as gross_before_cents,
        (
            array_agg((after ->> 'gross_amount_cents')::integer order by id desc)
            filter (where after ? 'gross_amount_cents')
        )[1] as gross_after_cents,
        string_agg(step || ': ' || reason, ', ' order by id) as reasons,
        max(changed_at) as changed_at
    from row_changes
    group by earnings_id

),

described as (

    select
        folded.earnings_id,
        earnings.booking_id,
        folded.practitioner_id,
        folded.currency,
        folded.is_created,
        folded.status_before,
        folded.status_after,
        case when not folded.is_created then coalesce(folded.gross_before_cents, earnings.gross_cents) end
            as gross_before_cents,
        coalesce(folded.gross_after_cents, earnings.gross_cents) as gross_after_cents,
        folded.net_before_cents,
        folded.net_after_cents,
        folded.reasons,
        folded.changed_at
    from folded
    left join earnings on folded.earnings_id = earnings.earnings_id

)

select * from described
