with

broken as (

    update payments_practitionerpayout
    set status = 'cancelled'
    where id = (
            select max(payout_id)
            from payments_earningstransaction
            where
                status = 'paid'
                and payout_id <> (
                    select min(first.payout_id)
                    from payments_earningstransaction as first
                    where first.status = 'paid'
                )
        )
    returning id

)

select earned.id
from broken
inner join payments_earningstransaction as earned on broken.id = earned.payout_id
where earned.status = 'paid'
