with

broken as (

    update payments_practitionerpayout
    set practitioner_id = (select max(id) from practitioners_practitioner)
    where id = (
            select min(payout_id)
            from payments_earningstransaction
            where status = 'paid'
        )
    returning id

)

select earned.id
from broken
inner join payments_earningstransaction as earned on broken.id = earned.payout_id
where earned.status = 'paid'
