-- No purchase of a package or bundle has earnings that can still be paid out, but for what a
-- clawback takes back: its sessions earn.
--
-- Rule      R10
-- Reads     earnings
-- If not    The price would be paid twice. Reverse the row with earnings.correct_status.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format('%s, and booking %s is a purchase', earnings.status, earnings.booking_id) as detail
from earnings.purchase_bookings as purchases
inner join public.payments_earningstransaction as earnings on purchases.booking_id = earnings.booking_id
where
    earnings.status in ('projected', 'pending', 'available')
    and earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and not earnings.is_clawed_back(earnings)
