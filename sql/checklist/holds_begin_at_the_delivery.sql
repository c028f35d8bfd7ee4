-- Pending earnings are held from the delivery on, not from the booking, and nothing is released
-- before its hold has elapsed. A delivery whose time was written again later is left out.

with

entered as (

    select
        earnings_id,
        max(stamped_at) as stamped_at
    from earnings.transitions
    where to_status = 'pending'
    group by earnings_id

)

select
    'earnings' as subject,
    earned.id as subject_id,
    format('held until %s, delivered at %s', earned.available_after, bookings.completed_at) as detail
from public.payments_earningstransaction as earned
inner join public.bookings_booking as bookings on earned.booking_id = bookings.id
inner join entered on earned.id = entered.earnings_id
where earned.status = 'pending'
    and earned.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and bookings.status = 'completed'
    and bookings.completed_at <= entered.stamped_at
    and earned.available_after
    < bookings.completed_at + (select value::interval from earnings.settings where name = 'hold')

union all

select
    'earnings' as subject,
    releases.earnings_id as subject_id,
    format('released at %s, held until %s', releases.stamped_at, releases.available_after) as detail
from earnings.transitions as releases
where releases.from_status = 'pending'
    and releases.to_status = 'available'
    and releases.event = 'status_changed'
    and releases.stamped_at < releases.available_after
