-- earnings.tg_earnings__settle_refunds()
--
-- Brings earnings that the app offers late down to what refunds have left of them (R9).
--
-- Fired by  earnings_700_settle_refunds on public.payments_earningstransaction
-- Writes    public.payments_earningstransaction, earnings.exceptions

create or replace function earnings.tg_earnings__settle_refunds()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform earnings.settle_refunds(array(
        select written.booking_id
        from new_earnings as written
        where earnings.is_delivery(written.transaction_type) and written.status <> 'reversed'
    ));

    return null;
end
$$;

comment on function earnings.tg_earnings__settle_refunds()
is 'Brings earnings that the app offers late down to what refunds have left of them (R9).';
