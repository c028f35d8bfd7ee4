-- The statements that free a slot of marts that readers see there, because a build left them out:
-- their rows move to the other slot, and readers with them.

with

published as (

    select
        published.mart,
        split_part(published.mart, '.', 2) as name
    from staging.published_marts as published
    where published.slot = %(slot)s

),

statements as (

    select
        published.mart,
        1 as place,
        format('delete from %%I.%%I', %(other)s::text, published.name) as statement
    from published

    union all

    select
        published.mart,
        2 as place,
        format(
            'insert into %%I.%%I select * from %%I.%%I',
            %(other)s::text, published.name, %(slot)s::text, published.name
        ) as statement
    from published

    union all

    select
        published.mart,
        3 as place,
        format(
            'insert into staging.mart_builds select mart, %%L, final_until, built_at, snapshot '
            'from staging.mart_builds where mart = %%L and slot = %%L on conflict (mart, slot) do update '
            'set final_until = excluded.final_until, built_at = excluded.built_at, snapshot = excluded.snapshot',
            %(other)s::text, published.mart, %(slot)s::text
        ) as statement
    from published

    union all

    select
        published.mart,
        4 as place,
        format(
            'update staging.published_marts set slot = %%L where mart = %%L', %(other)s::text, published.mart
        ) as statement
    from published

)

select statements.statement
from statements
order by statements.mart, statements.place
