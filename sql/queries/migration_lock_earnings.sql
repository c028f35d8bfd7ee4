-- Locks the earnings of the bookings that a batch has locked, by id (R20).

select entries.id
from payments_earningstransaction as entries
where entries.booking_id = any(%(booking_ids)s)
order by entries.id
for no key update of entries;
