-- Live unpaid earnings that a rescheduled booking kept although it has a successor, but for those
-- that a clawback takes back: both stay, and are nothing together.

select
    'earnings' as subject,
    entries.id as subject_id,
    format('%s on booking %s, which was rescheduled', entries.status, bookings.id) as offence
from bookings_booking as bookings
inner join payments_earningstransaction as entries on bookings.id = entries.booking_id
where bookings.status not in ('canceled', 'cancelled')
    and entries.status in ('projected', 'pending', 'available')
    and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and not earnings.is_clawed_back(entries)
    and exists (
        select from bookings_booking as later where later.rescheduled_from_id = bookings.id
    )
    and not exists (
        select from purchase_bookings where purchase_bookings.booking_id = bookings.id
    )
