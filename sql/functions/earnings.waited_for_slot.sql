-- earnings.waited_for_slot(earnings_row)
--
-- True for a row that was stored as reversed only because its session found no slot, or because
-- another booking of its direct order earned: it does not keep the booking from earning when that
-- place is freed (R7).
--
-- Reads     earnings.corrections

create or replace function earnings.waited_for_slot(earnings_row public.payments_earningstransaction)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select earnings_row.status = 'reversed' and exists (
        select
        from earnings.corrections
        where corrections.subject = 'earnings'
            and corrections.subject_id = earnings_row.id
            and corrections.reason in ('the session found no slot', 'the order earns through another booking')
    );
$$;

comment on function earnings.waited_for_slot(public.payments_earningstransaction)
is 'True for a row that was stored as reversed only because its order had no slot left for its booking (R7).';
