-- earnings.was_offered(earnings_row)
--
-- True when the amounts of this row image are those that the app offered once and the
-- engine corrected: the object that is saved again is stale, not forged (R3).
--
-- Reads     earnings.corrections, earnings.transitions

create or replace function earnings.was_offered(earnings_row public.payments_earningstransaction)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select
        from earnings.corrections
        where corrections.subject = 'earnings'
            and corrections.subject_id = earnings_row.id
            and coalesce((corrections.offered ->> 'gross_amount_cents')::integer, earnings_row.gross_amount_cents)
            = earnings_row.gross_amount_cents
            and coalesce((corrections.offered ->> 'net_amount_cents')::integer, earnings_row.net_amount_cents)
            = earnings_row.net_amount_cents
            and corrections.offered ?| array['gross_amount_cents', 'net_amount_cents', 'commission_amount_cents', 'currency']
    ) or exists (
        select
        from earnings.transitions
        where transitions.earnings_id = earnings_row.id
            and transitions.gross_amount_cents = earnings_row.gross_amount_cents
            and transitions.net_amount_cents = earnings_row.net_amount_cents
            and transitions.commission_amount_cents = earnings_row.commission_amount_cents
    );
$$;

comment on function earnings.was_offered(public.payments_earningstransaction)
is 'True when the amounts of this row image are those the app once offered or once saw (R3).';
