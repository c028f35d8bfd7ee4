-- earnings.tg_earnings__queue_balances()
--
-- Notes whose cached balance the transaction has to fold when it commits (R20 d).
--
-- Fired by  earnings_900_queue_balances_insert, _update and _delete on public.payments_earningstransaction
-- Writes    earnings.balance_queue

create or replace function earnings.tg_earnings__queue_balances()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    insert into earnings.balance_queue (practitioner_id)
    select distinct written.practitioner_id
    from written_earnings as written
    order by written.practitioner_id
    on conflict do nothing;

    return null;
end
$$;

comment on function earnings.tg_earnings__queue_balances()
is 'Notes whose cached balance the transaction has to fold when it commits (R20 d).';
