with

broken as (

    delete from earnings.transitions
    where id = (
            select min(middle.id)
            from earnings.transitions as middle
            inner join earnings.transitions as later
                on middle.earnings_id = later.earnings_id and middle.stamped_at < later.stamped_at
            where middle.event <> 'opening' and middle.from_status <> middle.to_status
        )
    returning earnings_id, stamped_at

)

select later.id
from broken
inner join earnings.transitions as later
    on broken.earnings_id = later.earnings_id and broken.stamped_at < later.stamped_at
order by later.stamped_at
limit 1
