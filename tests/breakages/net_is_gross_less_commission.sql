-- Also  constraints_are_in_force history_agrees_with_the_ledger
alter table payments_earningstransaction drop constraint payments_earningstransaction_net_check;

update payments_earningstransaction
set gross_amount_cents = gross_amount_cents + 1
where id = (
        select min(id)
        from payments_earningstransaction
        where booking_id not in (select booking_id from earnings.session_slots)
    )
returning id
