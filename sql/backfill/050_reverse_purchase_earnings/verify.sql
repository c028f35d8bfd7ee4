-- Unpaid live earnings on purchase bookings that no clawback takes back.

select
    'earnings' as subject,
    entries.id as subject_id,
    format('%s on purchase booking %s', entries.status, entries.booking_id) as offence
from payments_earningstransaction as entries
inner join purchase_bookings on entries.booking_id = purchase_bookings.booking_id
where entries.status in ('projected', 'pending', 'available')
    and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and not earnings.is_clawed_back(entries)
