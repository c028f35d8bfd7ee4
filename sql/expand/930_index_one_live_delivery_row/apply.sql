create unique index concurrently payments_earningstransaction_one_live_delivery_row
on public.payments_earningstransaction (booking_id)
where status <> 'reversed'
and transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal');
