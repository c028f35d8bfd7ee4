-- The last id of the next batch; null when fewer rows than a whole batch are left.

select id
from {table}
where id > %(after_id)s
order by id
offset %(batch_size)s - 1
limit 1;
