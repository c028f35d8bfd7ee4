-- earnings.claw_back(booking_id, reason)
--
-- Writes one clawback per practitioner and currency: minus the net of the booking's paid
-- rows, earlier clawbacks included, available at once (R9).  Nothing is written when
-- they already add up to nothing, so it is safe to run twice.
--
-- Writes    public.payments_earningstransaction

create or replace function earnings.claw_back(booking_id bigint, reason text)
returns void
language sql
volatile
security definer
set search_path = ''
as $$
    insert into public.payments_earningstransaction (
        created_at, updated_at, gross_amount_cents, commission_rate, commission_amount_cents,
        net_amount_cents, status, available_after, currency, description, transaction_type,
        external_fees, metadata, booking_id, practitioner_id, payout_id
    )
    select
        now(),
        now(),
        -sum(paid.gross_amount_cents)::integer,
        max(paid.commission_rate) filter (where paid.status = 'paid'),
        -sum(paid.commission_amount_cents)::integer,
        -sum(paid.net_amount_cents)::integer,
        'available',
        now(),
        paid.currency,
        'Clawback: ' || claw_back.reason,
        'clawback',
        '{}',
        jsonb_build_object(
            'original_ids', jsonb_agg(paid.id order by paid.id) filter (where paid.status = 'paid'),
            'reason', claw_back.reason
        ),
        paid.booking_id,
        paid.practitioner_id,
        null
    from public.payments_earningstransaction as paid
    where paid.booking_id = claw_back.booking_id
        and (paid.status = 'paid' or (paid.transaction_type = 'clawback' and paid.status <> 'reversed'))
    group by paid.booking_id, paid.practitioner_id, paid.currency
    having sum(paid.net_amount_cents) > 0;
$$;

comment on function earnings.claw_back(bigint, text)
is 'Writes minus the net of a booking''s paid rows, earlier clawbacks included, available at once (R9).';
