insert into payments_usercredittransaction (
    created_at, updated_at, amount_cents, transaction_type, currency, is_expired, description, metadata,
    booking_id, user_id
)
select now(), now(), 100, 'refund', 'USD', false, '', '{}', bookings.id, bookings.user_id
from bookings_booking as bookings
where bookings.id = (
        select min(earnings.booking_id)
        from payments_earningstransaction as earnings
        inner join bookings_booking as sold on earnings.booking_id = sold.id
        where earnings.status = 'available'
            and earnings.gross_amount_cents > 100
            and sold.status = 'completed'
            and sold.final_amount_cents > 100
            and earnings.transaction_type = 'booking_completion'
            and not exists (
                select
                from payments_usercredittransaction as credits
                where credits.booking_id = sold.id and credits.transaction_type = 'refund'
            )
    )
returning booking_id
