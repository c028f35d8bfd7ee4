-- One row per kind of record (booking, order, earnings): how many there were when the
-- migration began, what it and the app added, what the history saw go, how many there are.

with

legacy_rows as (

    select
        table_name,
        ids
    from {{ source('earnings_migration', 'legacy_rows') }}

),

kinds (record, table_name) as (

    values
    ('booking', 'bookings_booking'),
    ('order', 'payments_order'),
    ('earnings', 'payments_earningstransaction')

),

legacy as (

    select
        legacy_rows.table_name,
        sum(upper(stretches.stretch) - lower(stretches.stretch)) as record_count
    from legacy_rows
    cross join unnest(legacy_rows.ids) as stretches (stretch)
    group by legacy_rows.table_name

),

inserted as (

    select distinct
        row_changes.table_name,
        row_changes.row_id
    from {{ source('earnings_migration', 'row_changes') }} as row_changes
    inner join legacy_rows on row_changes.table_name = legacy_rows.table_name
    where
        row_changes.operation = 'insert'
        and row_changes.reverted_at is null
        and not legacy_rows.ids @> row_changes.row_id

),

deleted as (

    select distinct earnings_id
    from {{ source('earnings', 'transitions') }}
    where event = 'deleted'

),

present as (

    select
        'bookings_booking' as table_name,
        id
    from {{ source('marketplace', 'bookings_booking') }}

    union all

    select
        'payments_order' as table_name,
        id
    from {{ source('marketplace', 'payments_order') }}

    union all

    select
        'payments_earningstransaction' as table_name,
        id
    from {{ source('marketplace', 'payments_earningstransaction') }}

),

purchases as (

    select count(*) as record_count
    from {{ source('earnings', 'purchase_bookings') }}

),

inserted_by_table as (

    select
        table_name,
        count(*) as record_count
    from inserted
    group by table_name

),

deleted_by_table as (

    select
        legacy_rows.table_name,
        count(*) filter (where legacy_rows.ids @> deleted.earnings_id) as legacy_count,
        count(*) filter (
            where not legacy_rows.ids @> deleted.earnings_id and inserted.row_id is not null
        ) as inserted_count
    from legacy_rows
    cross join deleted
    left join inserted
        on legacy_rows.table_name = inserted.table_name and deleted.earnings_id = inserted.row_id
    where legacy_rows.table_name = 'payments_earningstransaction'
    group by legacy_rows.table_name

),

present_by_table as (

    select
        present.table_name,
        count(*) as record_count,
        count(*) filter (
            where inserted.row_id is null and not legacy_rows.ids @> present.id
        ) as created_count
    from present
    inner join legacy_rows on present.table_name = legacy_rows.table_name
    left join inserted on present.table_name = inserted.table_name and present.id = inserted.row_id
    group by present.table_name

),

counted as (

    select
        kinds.record::text as record,
        coalesce(legacy.record_count, 0)::bigint as legacy_count,
        case kinds.record when 'booking' then purchases.record_count else 0 end::bigint as set_aside_count,
        coalesce(inserted_by_table.record_count, 0)::bigint as made_by_migration_count,
        coalesce(present_by_table.created_count, 0)::bigint as created_since_count,
        coalesce(deleted_by_table.legacy_count + deleted_by_table.inserted_count, 0)::bigint as deleted_count,
        coalesce(present_by_table.record_count, 0)::bigint as now_count
    from kinds
    inner join legacy_rows on kinds.table_name = legacy_rows.table_name
    cross join purchases
    left join legacy on kinds.table_name = legacy.table_name
    left join inserted_by_table on kinds.table_name = inserted_by_table.table_name
    left join deleted_by_table on kinds.table_name = deleted_by_table.table_name
    left join present_by_table on kinds.table_name = present_by_table.table_name

),

compared as (

    select
        record,
        legacy_count,
        set_aside_count,
        made_by_migration_count,
        created_since_count,
        deleted_count,
        now_count,
        now_count - legacy_count - made_by_migration_count - created_since_count + deleted_count as residual_count
    from counted

)

select * from compared
