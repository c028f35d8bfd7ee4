-- earnings.tg_earnings__queue_balances()
--
-- Notes whose cached balance the transaction has to fold when it commits (R20 d), and
-- reports earnings in another currency, which that balance leaves out (R17).  Not at a
-- delete: what may be deleted (R5) is in no balance.
--
-- Fired by  earnings_900_queue_balances_insert and _update on public.payments_earningstransaction
-- Writes    earnings.balance_queue, exceptions

create or replace function earnings.tg_earnings__queue_balances()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_currency constant text := earnings.setting('currency');
begin
    insert into earnings.balance_queue (practitioner_id)
    select distinct written.practitioner_id
    from written_earnings as written
    order by written.practitioner_id
    on conflict do nothing;

    perform earnings.raise_exception_row(
        'foreign_currency', 'practitioner', written.practitioner_id, jsonb_build_object('currency', written.currency)
    )
    from written_earnings as written
    where written.currency <> v_currency
    group by written.practitioner_id, written.currency
    order by written.practitioner_id, written.currency;

    return null;
end
$$;

comment on function earnings.tg_earnings__queue_balances()
is 'Notes whose cached balance the transaction has to fold when it commits (R20 d).';
