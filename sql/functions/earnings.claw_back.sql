-- earnings.claw_back(booking_id, reason)
--
-- Writes what earnings.due_clawbacks says, available at once: debits count immediately, and
-- a balance may go below zero (R9).  A slot that was kept because it was paid is freed by
-- the next job at the latest: earnings may not wait for their order (R20 b).  Safe to run
-- twice.
--
-- Writes    public.payments_earningstransaction, earnings.settlement_queue

create or replace function earnings.claw_back(booking_id bigint, reason text)
returns void
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
    insert into public.payments_earningstransaction (
        created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents,
        net_amount_cents, status, available_after, currency, description, transaction_type,
        external_fees, metadata, booking_id, practitioner_id, payout_id
    )
    select
        now(),
        now(),
        due.gross_amount_cents,
        due.commission_rate,
        due.commission_amount_cents,
        due.net_amount_cents,
        'available',
        now(),
        due.currency,
        'Clawback: ' || claw_back.reason,
        'clawback',
        '{}',
        jsonb_build_object('original_ids', due.original_ids, 'reason', claw_back.reason),
        claw_back.booking_id,
        due.practitioner_id,
        null
    from earnings.due_clawbacks(claw_back.booking_id) as due;

    select earnings.queue_kept_slot(claw_back.booking_id);
$$;

comment on function earnings.claw_back(bigint, text)
is 'Writes minus what was paid for a booking and not taken back, available at once (R9).';
