-- earnings.has_clawback(booking_id)
--
-- True when a live clawback stands against what a booking was paid (R9); one that a person
-- has forgiven does not.
--
-- Reads     public.payments_earningstransaction

create or replace function earnings.has_clawback(booking_id bigint)
returns boolean
language sql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from public.payments_earningstransaction as clawbacks
        where clawbacks.booking_id = has_clawback.booking_id
            and clawbacks.transaction_type = 'clawback'
            and clawbacks.status <> 'reversed'
    );
$$;

comment on function earnings.has_clawback(bigint)
is 'True when a live clawback stands against what a booking was paid (R9).';
