-- How many functions, triggers and views of the engine install has recorded.
select count(*) as object_count
from earnings.objects
