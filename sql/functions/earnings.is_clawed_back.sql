-- earnings.is_clawed_back(earnings_row)
--
-- True when a live clawback takes the row back: it is not reversed as well, though its
-- payout may fail later (R9).
--
-- Reads     public.payments_earningstransaction

create or replace function earnings.is_clawed_back(earnings_row public.payments_earningstransaction)
returns boolean
language sql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from public.payments_earningstransaction as clawbacks
        where clawbacks.booking_id = earnings_row.booking_id
            and clawbacks.transaction_type = 'clawback'
            and clawbacks.status <> 'reversed'
            and clawbacks.metadata @> jsonb_build_object('original_ids', jsonb_build_array(earnings_row.id))
    );
$$;

comment on function earnings.is_clawed_back(public.payments_earningstransaction)
is 'True when a live clawback takes the row back (R9).';
