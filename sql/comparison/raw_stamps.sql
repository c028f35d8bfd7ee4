-- The stamps of so many entries of the history, taken at random: what happens at a moment is
-- decided at its edges.

with

ids as (

    select
        min(id) as first_id,
        max(id) - min(id) as id_count
    from earnings.transitions

),

drawn as (

    select ids.first_id + (fractions.fraction * ids.id_count)::bigint as drawn_id
    from unnest(%(fractions)s::double precision[]) as fractions (fraction)
    cross join ids

)

select
    (
        select transitions.stamped_at
        from earnings.transitions
        where transitions.id >= drawn.drawn_id
        order by transitions.id
        limit 1
    ) as stamped_at
from drawn
where drawn.drawn_id is not null;
