with

broken as (

    update payments_practitionerpayout
    set status = 'failed'
    where id = (
            select min(payout_id)
            from payments_earningstransaction
            where status = 'paid'
        )
    returning id

)

select earnings.id
from broken
inner join payments_earningstransaction as earnings on broken.id = earnings.payout_id
where earnings.status = 'paid'
