-- earnings.due_clawbacks(booking_id)
--
-- One row per practitioner and currency that was paid more for a booking than was taken
-- back: minus what is left of it, in cents (R9).  Its paid rows, earlier clawbacks and the
-- adjustments of its refunds count; a debit that a person has set to reversed counts as well:
-- it is forgiven, not written again.  What does not fit one row is left to the next call.
--
-- Reads     public.payments_earningstransaction

create or replace function earnings.due_clawbacks(booking_id bigint)
returns table (
    practitioner_id bigint,
    currency text,
    gross_amount_cents integer,
    commission_rate numeric,
    commission_amount_cents integer,
    net_amount_cents integer,
    original_ids jsonb
)
language sql
volatile
parallel safe
rows 1
set search_path = pg_catalog, pg_temp
as $$
    select
        paid.practitioner_id,
        paid.currency::text,
        -least(sum(paid.gross_amount_cents), 2147483647)::integer,
        max(paid.commission_rate) filter (where paid.status = 'paid'),
        -least(sum(paid.commission_amount_cents), 2147483647)::integer,
        (
            least(sum(paid.commission_amount_cents), 2147483647) - least(sum(paid.gross_amount_cents), 2147483647)
        )::integer,
        jsonb_agg(paid.id order by paid.id) filter (where paid.status = 'paid')
    from public.payments_earningstransaction as paid
    where paid.booking_id = due_clawbacks.booking_id
        and (
            paid.status = 'paid'
            or paid.transaction_type = 'clawback'
            or (
                paid.transaction_type = 'adjustment'
                and paid.metadata ? 'original_ids'
                and (
                    paid.status <> 'reversed'
                    -- what is reversed with its original is not forgiven
                    or exists (
                        select
                        from public.payments_earningstransaction as originals
                        where originals.booking_id = due_clawbacks.booking_id
                            and originals.status <> 'reversed'
                            and paid.metadata @> jsonb_build_object('original_ids', jsonb_build_array(originals.id))
                    )
                )
            )
        )
    group by paid.practitioner_id, paid.currency
    having sum(paid.net_amount_cents) > 0 and bool_or(paid.status = 'paid');
$$;

comment on function earnings.due_clawbacks(bigint)
is 'One row per practitioner and currency: minus what was paid for a booking and not taken back (R9).';
