-- The commission of a package session is its rate of what the session is worth, cut to whole cents.

select
    'earnings' as subject,
    earned.id as subject_id,
    format(
        'commission %s of %s at %s percent', earned.commission_amount_cents, earned.gross_amount_cents,
        earned.commission_rate
    ) as detail
from earnings.session_slots as slots
inner join public.payments_earningstransaction as earned on slots.booking_id = earned.booking_id
where earned.status <> 'reversed'
    and earned.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and earned.commission_amount_cents <> trunc(earned.commission_rate * earned.gross_amount_cents / 100)
