-- The planned undoings that were left alone, and why.

select
    planned.table_name,
    planned.row_id,
    case
        when planned.table_name = 'payments_order' and planned.operation = 'insert'
            then 'the order has been changed or used since'
        else 'the row has been changed or deleted since'
    end
from planned
where not exists (
        select from reverting where reverting.change_id = planned.change_id
    )
order by planned.change_id;
