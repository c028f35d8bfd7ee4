-- Also  balances_are_true
-- Unseen    in what has changed: no entry of the history says so
with

broken as (

    delete from payments_earningstransaction
    where id = (
            select min(earned.id)
            from payments_earningstransaction as earned
            inner join bookings_booking as bookings on earned.booking_id = bookings.id
            where
                earned.status = 'pending'
                and earned.currency = 'USD'
                and bookings.status = 'completed'
                and bookings.rescheduled_from_id is null
        )
    returning id, booking_id

),

forgotten as (

    delete from earnings.transitions
    using broken
    where transitions.earnings_id = broken.id

)

select booking_id from broken
