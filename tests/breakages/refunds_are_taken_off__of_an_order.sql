with

broken as (

    insert into payments_usercredittransaction (
        created_at, updated_at, amount_cents, transaction_type, currency, is_expired, description, metadata,
        order_id, user_id
    )
    select now(), now(), 100, 'refund', 'USD', false, '', '{}', bookings.order_id, bookings.user_id
    from bookings_booking as bookings
    where bookings.id = (
            select min(earned.booking_id)
            from payments_earningstransaction as earned
            inner join bookings_booking as sold on earned.booking_id = sold.id
            inner join payments_order as orders on sold.order_id = orders.id
            where
                earned.status = 'pending'
                and orders.order_type = 'direct'
                and sold.status = 'completed'
                and sold.final_amount_cents > 100
                and earned.transaction_type = 'booking_completion'
                and not exists (
                    select
                    from payments_usercredittransaction as credits
                    where
                        credits.transaction_type = 'refund'
                        and (credits.booking_id = sold.id or credits.order_id = orders.id)
                )
        )
    returning order_id

)

select bookings.id
from broken
inner join bookings_booking as bookings on broken.order_id = bookings.order_id
