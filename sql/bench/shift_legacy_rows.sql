-- The ids that were there before the migration, and those of the copies.
update earnings_migration.legacy_rows
set ids = (
    select
        range_agg(int8range(
            lower(ranges.ids) + copies.number * %(stride)s,
            upper(ranges.ids) + copies.number * %(stride)s
        ))
    from unnest(legacy_rows.ids) as ranges (ids)
    cross join generate_series(0, %(times)s - 1) as copies (number)
)
