-- One row per practitioner, currency, status and part of the bridge (R25) in which something
-- stands or moves: legacy, each step of the migration, live traffic, now.  Each part comes from
-- a source of its own: the history's openings, the images that the migration kept, the rest of
-- the history, the app's table.

with

row_changes as (

    select
        row_id,
        step,
        transaction_id,
        practitioner_id,
        currency,
        before ->> 'status' as from_status,
        (before ->> 'net_amount_cents')::bigint as from_cents,
        after ->> 'status' as to_status,
        (after ->> 'net_amount_cents')::bigint as to_cents
    from {{ source('earnings_migration', 'row_changes') }}
    where table_name = 'payments_earningstransaction' and reverted_at is null

),

transitions as (

    select
        earnings_id,
        practitioner_id,
        currency,
        from_status,
        from_net_amount_cents as from_cents,
        to_status,
        net_amount_cents as to_cents,
        event,
        reason,
        transaction_id
    from {{ source('earnings', 'transitions') }}

),

ledger as (

    select
        practitioner_id,
        currency,
        status,
        net_amount_cents
    from {{ source('marketplace', 'payments_earningstransaction') }}

),

-- What the migration did stands in row_changes; a change that was undone, and its undoing,
-- are left here and cancel out.
live_transitions as (

    select
        transitions.practitioner_id,
        transitions.currency,
        transitions.from_status,
        transitions.from_cents,
        transitions.to_status,
        transitions.to_cents,
        transitions.event
    from transitions
    left join row_changes
        on transitions.earnings_id = row_changes.row_id
            and transitions.reason = row_changes.step
            and transitions.transaction_id = row_changes.transaction_id
    where row_changes.row_id is null

),

movements as (

    select
        substring(step from '^[0-9]+')::integer as part_number,
        step as part,
        practitioner_id,
        currency,
        from_status,
        from_cents,
        to_status,
        to_cents
    from row_changes

    union all

    select
        case event when 'opening' then 0 else 998 end as part_number,
        case event when 'opening' then 'legacy' else 'live traffic' end as part,
        practitioner_id,
        currency,
        from_status,
        from_cents,
        to_status,
        to_cents
    from live_transitions

),

postings as (

    select
        part_number,
        part,
        practitioner_id,
        currency,
        to_status as status,
        to_cents as cents,
        1 as row_count
    from movements
    where to_status is not null

    union all

    select
        part_number,
        part,
        practitioner_id,
        currency,
        from_status as status,
        -from_cents as cents,
        -1 as row_count
    from movements
    where from_status is not null

    union all

    select
        999 as part_number,
        'now' as part,
        practitioner_id,
        currency,
        status,
        net_amount_cents as cents,
        1 as row_count
    from ledger

),

summed as (

    select
        practitioner_id,
        upper(currency)::text as currency,
        status::text as status,
        part_number,
        part::text as part,
        sum(cents)::bigint as net_cents,
        sum(row_count)::bigint as row_count
    from postings
    group by practitioner_id, upper(currency), status, part_number, part
    having sum(cents) <> 0 or sum(row_count) <> 0

)

select * from summed
