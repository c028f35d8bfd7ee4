-- The tables that readers of these marts see at the moment.
select format('%%s.%%s', published.slot, split_part(published.mart, '.', 2)) as table_name
from staging.published_marts as published
where published.mart = any(%(marts)s::text[])
order by published.mart
