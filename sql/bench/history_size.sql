-- What one row of the history takes, and with its indexes.
select
    pg_table_size('earnings.transitions')::float / count(*) as table_bytes,
    pg_total_relation_size('earnings.transitions')::float / count(*) as all_bytes,
    count(*) as row_count
from earnings.transitions
