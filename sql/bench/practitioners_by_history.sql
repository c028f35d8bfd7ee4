-- The practitioner with the median, and the one with the longest, history.
with

counted as (

    select
        entries.practitioner_id,
        count(*) as entry_count
    from earnings.transitions as entries
    where entries.practitioner_id < 1000000
    group by entries.practitioner_id

)

select
    counted.practitioner_id,
    counted.entry_count
from counted
where counted.entry_count in (
        (select max(longest.entry_count) from counted as longest),
        (select percentile_disc(0.5) within group (order by usual.entry_count) from counted as usual)
    )
order by counted.entry_count, counted.practitioner_id
