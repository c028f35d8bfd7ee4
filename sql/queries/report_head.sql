-- One row: the database, now, the moment that the page speaks of, up to when the history is
-- final (R19), and the hold (R4).

select
    current_database() as database,
    now() as written_at,
    coalesce(%(as_of)s::timestamptz, now()) as as_of,
    earnings.watermark() as final_until,
    earnings.setting('hold') as hold
