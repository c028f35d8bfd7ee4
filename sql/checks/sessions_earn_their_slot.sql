-- The live delivery row of a package session has the gross of its slot, less what a paid
-- purchase nets and what a refund of the package had used up. One that was paid, and that something
-- was taken back from, is left out: that may have freed its slot, and a later delivery got it another;
-- and its payout may have failed since.
--
-- Rule      R7
-- Reads     earnings
-- If not    The practitioner earns another share than the one sold. Correct by an adjustment.

select
    'earnings' as subject,
    earnings.id as subject_id,
    format(
        'gross %s cents, slot %s of order %s is worth %s less %s prepaid and %s refunded',
        earnings.gross_amount_cents, slots.slot_number, slots.order_id, slots.amount_cents,
        slots.prepaid_cents, slots.refunded_cents
    ) as detail
from earnings.session_slots as slots
inner join public.payments_earningstransaction as earnings on slots.booking_id = earnings.booking_id
where
    earnings.status <> 'reversed'
    and earnings.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and earnings.gross_amount_cents <> slots.amount_cents - slots.prepaid_cents - slots.refunded_cents
    and not (
        exists (
            select
            from earnings.transitions as history
            where history.earnings_id = earnings.id and history.to_status = 'paid'
        )
        and exists (
            select
            from public.payments_earningstransaction as takings
            where
                takings.booking_id = slots.booking_id
                and takings.transaction_type in ('clawback', 'adjustment')
                and takings.metadata @> jsonb_build_object('original_ids', jsonb_build_array(earnings.id))
        )
    )
