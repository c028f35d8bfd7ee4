-- Earnings that count as earned although the booking was not delivered, and live unpaid
-- earnings of canceled bookings that no clawback takes back.

select
    'earnings' as subject,
    entries.id as subject_id,
    format('%s, and booking %s is %s', entries.status, bookings.id, bookings.status) as offence
from payments_earningstransaction as entries
inner join bookings_booking as bookings on entries.booking_id = bookings.id
where entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and not earnings.is_clawed_back(entries)
    and not exists (
        select from purchase_bookings where purchase_bookings.booking_id = bookings.id
    )
    and (
        (
            entries.status in ('pending', 'available')
            and bookings.status <> 'completed'
            and (bookings.status <> 'no_show' or earnings.setting('no_show_policy') <> 'pay')
        )
        or (entries.status = 'projected' and bookings.status in ('canceled', 'cancelled'))
    )
