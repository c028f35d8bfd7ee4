-- Locks one batch of earnings rows, after %(after_id)s, and returns the last id; null when none is
-- left.  In a statement of its own: the next one sees what those wrote for whom it has waited.
select max(locked.id) as last_id
from (
    select rows_of.id
    from public.payments_earningstransaction as rows_of
    where rows_of.id > %(after_id)s
    order by rows_of.id
    limit %(batch_size)s
    for no key update
) as locked;
