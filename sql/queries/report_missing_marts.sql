-- One row per mart that the report needs and the database has not.

select name
from unnest(%(names)s::text[]) as name
where to_regclass(name) is null
order by name
