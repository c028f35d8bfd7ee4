-- Bookings with more than one live delivery row.

select
    'booking' as subject,
    booking_id as subject_id,
    format('%s live delivery rows', count(*)) as offence
from payments_earningstransaction
where status <> 'reversed'
    and transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
group by booking_id
having count(*) > 1
