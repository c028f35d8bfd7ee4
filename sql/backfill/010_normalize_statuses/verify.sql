-- Off-list statuses and payout links that step 010 should have put right.

select
    'earnings' as subject,
    id as subject_id,
    format('status %s, payout %s', status, payout_id) as offence
from payments_earningstransaction
where status not in ('projected', 'pending', 'available', 'paid', 'reversed')
    or (payout_id is not null and status in ('projected', 'pending', 'available', 'reversed'))

union all

select
    'booking' as subject,
    id as subject_id,
    'status cancelled' as offence
from bookings_booking
where status = 'cancelled'

union all

select
    'earnings' as subject,
    entries.id as subject_id,
    format('paid by payout %s, which is %s', payouts.id, payouts.status) as offence
from payments_earningstransaction as entries
inner join payments_practitionerpayout as payouts on entries.payout_id = payouts.id
where entries.status = 'paid' and payouts.status in ('failed', 'canceled', 'cancelled')
