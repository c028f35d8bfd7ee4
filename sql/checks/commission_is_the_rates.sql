-- The commission of every delivery row is its rate of its gross, cut to whole cents, but for
-- rows that were paid before the engine was installed.
--
-- Rule      R5
-- Reads     earnings
-- If not    The platform keeps too much or too little. Correct by an adjustment.

select
    'earnings' as subject,
    earned.id as subject_id,
    format(
        'commission %s of %s at %s percent', earned.commission_amount_cents, earned.gross_amount_cents,
        earned.commission_rate
    ) as detail
from public.payments_earningstransaction as earned
where
    earned.status <> 'reversed'
    and earned.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and earned.commission_amount_cents <> trunc(earned.commission_rate * earned.gross_amount_cents / 100)
    and not exists (
        select
        from earnings.transitions as found
        where
            found.earnings_id = earned.id
            and found.event = 'opening'
            and found.to_status not in ('projected', 'pending', 'available')
    )
