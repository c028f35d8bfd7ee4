with

broken as (

    delete from earnings.transitions
    where id = (
            select min(first.id)
            from earnings.transitions as first
            inner join earnings.transitions as later on first.earnings_id = later.earnings_id
            where first.event = 'opening' and later.event <> 'opening'
        )
    returning earnings_id

)

select later.id
from broken
inner join earnings.transitions as later on broken.earnings_id = later.earnings_id and later.event <> 'opening'
order by later.stamped_at
limit 1
