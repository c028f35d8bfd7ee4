with

broken as (

    update payments_practitionerpayout
    set currency = 'EUR'
    where id = (
            select min(payout_id)
            from payments_earningstransaction
            where status = 'paid' and currency = 'USD'
        )
    returning id

)

select earned.id
from broken
inner join payments_earningstransaction as earned on broken.id = earned.payout_id
where earned.status = 'paid'
